"""Data sets of the hub, once they are on disk, are read like folders."""

from pathlib import Path

import datasets
import numpy as np
import pytest
from data.fake_tables import picture, pictures, put_parquet, sounds

from nsca.data.huggingface import HuggingFace
from nsca.data.image_folder import ImageFolder
from nsca.data.source import FrameSource, SoundSource
from nsca.errors import UserError


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    return put_parquet(tmp_path / "set", train=pictures(4), validation=pictures(2, first=10))


def as_folder(root: Path) -> Path:
    for split, count, first in (("train", 4, 0), ("val", 2, 10)):
        for colour in ("red", "green", "blue"):
            (root / split / colour).mkdir(parents=True)
            for n in range(first, first + count):
                (root / split / colour / f"{n:03d}.png").write_bytes(picture(colour, n))
    return root


def test_rows_are_what_files_are(parquet: Path, tmp_path: Path) -> None:
    source, folder = HuggingFace(parquet), ImageFolder(as_folder(tmp_path / "folder"))
    assert isinstance(source, FrameSource)
    assert isinstance(source, SoundSource)
    assert source.classes == folder.classes
    assert source.held_out == ("val",)
    for split in ("train", "val"):
        np.testing.assert_array_equal(source.frames(split).images, folder.frames(split).images)
        for name in ("values", "group"):
            labels = (each.probe_labels(split)["label"] for each in (source, folder))
            one, other = (getattr(label, name) for label in labels)
            np.testing.assert_array_equal(one, other)
    with pytest.raises(UserError, match="no column of sounds"):
        source.sounds("train")


def test_what_was_saved_reads_like_parquet(parquet: Path, tmp_path: Path) -> None:
    both = datasets.DatasetDict(train=pictures(4), validation=pictures(2, first=10))
    both.save_to_disk(tmp_path / "saved")
    one, other = HuggingFace(parquet), HuggingFace(tmp_path / "saved")
    for split in ("train", "val"):
        np.testing.assert_array_equal(one.frames(split).images, other.frames(split).images)
    chosen = pictures(5).shuffle(seed=1)
    chosen.save_to_disk(tmp_path / "one")
    single = HuggingFace(tmp_path / "one")
    assert [len(single.files[split]) for split in ("train", "val", "test")] == [12, 3, 0]
    brightest = single.frames("train").images.mean((1, 2)).argmax(1)
    told = [single.classes[code] for code in single.probe_labels("train")["label"].values]
    assert told == [["red", "green", "blue"][channel] for channel in brightest]


def test_sounds_with_names_of_classes(tmp_path: Path) -> None:
    put_parquet(tmp_path / "set", train=sounds(3), test=sounds(2, first=50))
    with pytest.raises(UserError, match=r"columns audio, tone, and none that is known for classes"):
        HuggingFace(tmp_path / "set")
    source = HuggingFace(tmp_path / "set", label_column="tone", val_fraction=0.34)
    assert source.classes == ["high", "low"]
    assert source.held_out == ("val", "test")
    assert source.sounds("train").samples.shape == (4, 16000)
    assert len(source.sounds("test")) == 4
    labels = source.sound_labels("train")["label"].values
    crossings = (np.diff(np.sign(source.sounds("train").samples.astype(int))) != 0).sum(axis=1)
    np.testing.assert_array_equal(crossings < 500, labels == 1)
    with pytest.raises(UserError, match="no column of pictures"):
        source.frames("train")


def test_a_fraction_of_training_rows_and_the_fingerprint(parquet: Path) -> None:
    whole, half = HuggingFace(parquet), HuggingFace(parquet, fraction=0.5)
    assert [len(each.frames("train")) for each in (whole, half)] == [12, 6]
    assert len(half.frames("val")) == 6
    assert whole.fingerprint() == HuggingFace(parquet).fingerprint()
    small = HuggingFace(parquet, image_size=32)
    assert len({each.fingerprint() for each in (whole, half, small)}) == 3


def both_kinds(root: Path, first: int = 0) -> Path:
    """Rows with a picture and a sound each."""
    shown, heard = pictures(2), sounds(3, first)
    return put_parquet(root, train=datasets.concatenate_datasets([shown, heard], axis=1))


def test_with_pictures_and_sounds_both_are_in_the_fingerprint(tmp_path: Path) -> None:
    one = both_kinds(tmp_path / "one")
    whole = HuggingFace(one).fingerprint()
    assert HuggingFace(one).fingerprint() == whole
    assert HuggingFace(one, seconds=0.5).fingerprint() != whole
    assert HuggingFace(one, image_size=32).fingerprint() != whole
    assert HuggingFace(both_kinds(tmp_path / "other", first=7)).fingerprint() != whole


def test_with_one_kind_the_fingerprint_is_that_of_its_rows(tmp_path: Path) -> None:
    """A fixed one, because data cards and checkpoints keep it."""
    rows = datasets.Dataset.from_dict({"image": [b"a", b"bc"], "label": ["x", "x"]})
    source = HuggingFace(put_parquet(tmp_path, train=rows), image_column="image")
    assert source.fingerprint() == (
        "0a9d70ced617720c4f3daa082ee09548542ec126ceffbe17686ef7476403700e"
    )


def test_broken_pictures_and_sounds_are_both_named(tmp_path: Path) -> None:
    def spoil(row: dict, number: int) -> dict:
        bad = {"bytes": b"spoiled", "path": None}
        return {**row, **({"image": bad} if number == 1 else {"audio": bad} if number == 4 else {})}

    good = datasets.concatenate_datasets([pictures(2), sounds(3)], axis=1)
    plain = good.cast_column("image", datasets.Image(decode=False))
    bad = plain.map(spoil, with_indices=True, features=good.features)
    source = HuggingFace(
        put_parquet(tmp_path, train=bad, test=good), max_broken=0.5, val_fraction=0.4
    )
    for split in ("train", "val"):
        source.frames(split)
        source.sounds(split)
    named = [file.path.name for split in ("train", "val") for file in source.broken[split]]
    assert sorted(named) == ["row 00000001", "row 00000004"]


def test_an_absent_part_is_asked_for_as_a_table(parquet: Path) -> None:
    with pytest.raises(UserError, match=r"no test part \(add test-\*\.parquet"):
        HuggingFace(parquet).frames("test")


def test_broken_rows_are_named_and_skipped(tmp_path: Path) -> None:
    def spoil(row: dict, number: int) -> dict:
        return {**row, "image": {"bytes": b"no picture", "path": None}} if number == 5 else row

    good = pictures(4)
    bad = good.cast_column("image", datasets.Image(decode=False)).map(
        spoil, with_indices=True, features=good.features
    )
    put_parquet(tmp_path, train=bad, validation=pictures(2, first=10))
    with pytest.raises(UserError, match=r"row 00000005: is not a picture"):
        HuggingFace(tmp_path).frames("train")
    source = HuggingFace(tmp_path, max_broken=0.2)
    assert len(source.frames("train")) == 11
    assert [each.path.name for each in source.broken["train"]] == ["row 00000005"]
    assert source.problems()[0].startswith(f"{tmp_path}/data/train-00000-of-00001.parquet/row")


def test_copies_of_training_rows_are_not_held_out(tmp_path: Path) -> None:
    put_parquet(tmp_path, train=pictures(4), validation=pictures(2, first=3))
    assert len(HuggingFace(tmp_path).frames("val")) == 3


def test_names_on_the_hub_are_refused_with_the_way_to_them() -> None:
    with pytest.raises(UserError, match=r"nothing is ever downloaded") as refused:
        HuggingFace("ylecun/mnist")
    assert "load_dataset('ylecun/mnist').save_to_disk('outputs/hub/mnist')" in refused.value.remedy
    with pytest.raises(UserError, match="needs a folder"):
        HuggingFace(None)


def test_columns_that_are_not_there_or_not_told_are_named(parquet: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"image_column=imge.*did you mean 'image'"):
        HuggingFace(parquet, image_column="imge")
    plain = datasets.Dataset.from_dict({"bytes": [picture("red", 1)] * 2, "label": ["red"] * 2})
    put_parquet(tmp_path / "plain", train=plain)
    with pytest.raises(UserError, match=r"none that is marked as pictures or sounds"):
        HuggingFace(tmp_path / "plain")
    source = HuggingFace(tmp_path / "plain", image_column="bytes", val_fraction=0.5)
    assert source.frames("train").images.shape == (1, 64, 64, 3)
    wrong = HuggingFace(parquet, image_column="label")
    with pytest.raises(UserError, match="holds int in column label"):
        wrong.frames("train")
