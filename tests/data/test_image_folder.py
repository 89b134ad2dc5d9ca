"""Labelled pictures in every layout that is understood; the others with expected, found and fix."""

import shutil
from pathlib import Path

import fake_run
import numpy as np
import pytest
from PIL import Image

from nsca.data.file_selection import file_digest
from nsca.data.image_folder import ImageFolder
from nsca.data.media import BrokenFileError, file_bytes
from nsca.data.source import FrameSource
from nsca.errors import UserError


@pytest.fixture
def photos(tmp_path) -> Path:
    return fake_run.write_pictures(tmp_path / "photos", train=8, val=3)


def put(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (value, value, value)).save(path)
    return path


def test_train_and_val_folders(photos):
    source = ImageFolder(photos)
    assert isinstance(source, FrameSource)
    train, val = source.frames("train"), source.frames("val")
    assert (len(train), len(val)) == (24, 9)
    assert train.images.shape == (24, 64, 64, 3)
    label = source.probe_labels("train")["label"]
    assert source.classes == ["blue", "green", "red"]
    assert np.bincount(label.values).tolist() == [8, 8, 8]
    brightest = train.images.mean((1, 2)).argmax(1)  # red, green, blue channel
    assert [source.classes[v] for v in label.values] == [
        ["red", "green", "blue"][channel] for channel in brightest
    ]
    assert len(np.unique(label.group)) == 24, "every picture is an object of its own"


def test_suffixes_in_capitals_and_foreign_files(photos):
    (photos / "train" / "red" / "0.png").rename(photos / "train" / "red" / "0.PNG")
    (photos / "train" / "red" / "notes.txt").write_text("hello")
    (photos / ".DS_Store").write_bytes(b"x")
    (photos / "__MACOSX").mkdir()
    assert len(ImageFolder(photos).frames("train")) == 24


def test_classes_alone_are_split_by_class_and_by_seed(photos):
    only = photos / "train"

    def parts(seed: int) -> tuple[set[Path], set[Path]]:
        source = ImageFolder(only, val_fraction=0.25, seed=seed)
        return tuple({f.path for f in source.files[split]} for split in ("train", "val"))

    train, val = parts(0)
    assert (len(train), len(val)) == (18, 6)
    assert not train & val
    assert {path.parent.name for path in val} == {"blue", "green", "red"}
    assert parts(0) == (train, val)
    assert parts(1) != (train, val)


def test_fraction_thins_the_training_part_alone(photos):
    source = ImageFolder(photos, fraction=0.5)
    assert np.bincount(source.probe_labels("train")["label"].values).tolist() == [4, 4, 4]
    assert len(source.frames("val")) == 9


def test_a_listing_is_followed_and_a_missing_file_is_named(photos, tmp_path):
    rows = ["split,label,file"]
    for path in sorted(photos.rglob("*.png")):
        split = path.parent.parent.name
        rows.append(f"{split},{path.parent.name},photos/{path.relative_to(photos)}")
    (photos / "labels.csv").write_text("\n".join(rows[:-2]))
    renamed = photos.rename(tmp_path / "elsewhere")  # the listing still starts with the old name
    source = ImageFolder(renamed)
    assert (len(source.frames("train")), len(source.frames("val"))) == (24, 7)
    (renamed / "train" / "red" / "0.png").unlink()
    with pytest.raises(UserError, match=r"0\.png: No such file"):
        ImageFolder(renamed).frames("train")
    tolerant = ImageFolder(renamed, max_broken=0.05)
    assert len(tolerant.frames("train")) == 23
    assert len(tolerant.probe_labels("train")["label"].values) == 23
    assert [file.path.name for file in tolerant.broken["train"]] == ["0.png"]


def test_copies_of_training_pictures_are_left_out_of_val(photos, caplog):
    shutil.copy(photos / "train" / "red" / "0.png", photos / "val" / "red" / "again.png")
    source = ImageFolder(photos)
    assert len(source.frames("val")) == 9
    assert "again.png" in caplog.text


def test_a_file_that_cannot_be_read_is_skipped_where_copies_are_looked_for(photos, monkeypatch):
    shutil.copy(photos / "train" / "red" / "0.png", photos / "val" / "red" / "again.png")

    def spoiled(path):
        if path.name == "again.png":
            raise BrokenFileError(path, "Input/output error")
        return file_bytes(path)

    monkeypatch.setattr("nsca.data.file_store.file_bytes", spoiled)
    monkeypatch.setattr(
        "nsca.data.file_store.file_digest",
        lambda path: "" if path.name == "again.png" else file_digest(path),
    )
    with pytest.raises(UserError, match=r"again\.png: Input/output error"):
        ImageFolder(photos).frames("val")
    source = ImageFolder(photos, max_broken=0.2)
    assert len(source.frames("val")) == 9
    assert [file.path.name for file in source.broken["val"]] == ["again.png"]


def test_the_fingerprint_follows_the_files(photos):
    before = ImageFolder(photos).fingerprint()
    assert before == ImageFolder(photos).fingerprint()
    assert before != ImageFolder(photos, image_size=32).fingerprint()
    put(photos / "train" / "red" / "new.png")
    assert before != ImageFolder(photos).fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"path": None},
        {"image_size": 2},
        {"fraction": 0.0},
        {"fraction": 1.5},
        {"val_fraction": 1.0},
        {"max_broken": -0.1},
    ],
)
def test_impossible_settings_are_refused_before_anything_is_read(change, photos):
    with pytest.raises(UserError):
        ImageFolder(**({"path": photos} | change))


def test_an_absent_part_is_named(photos):
    with pytest.raises(UserError, match="no test part"):
        ImageFolder(photos).frames("test")
