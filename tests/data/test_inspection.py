"""Inspection tells kinds of data sets apart and counts what is there."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from data.fake_drives import drive_arrays, put_archive
from data.fake_tables import pictures, put_parquet
from data.synthetic_demonstrations import change_manifest, stored
from PIL import Image

from nsca.data.custom_folder import CustomFolder
from nsca.data.driving_signals import DrivingSignals
from nsca.data.huggingface import HuggingFace
from nsca.data.image_folder import ImageFolder
from nsca.data.inspection import (
    describe_babbling,
    describe_demonstrations,
    describe_drives,
    describe_folder,
    format_of,
)
from nsca.errors import UserError


def put(path: Path, value: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), (value, value, value)).save(path)
    return path


def test_kinds_of_sets_are_told_apart_by_names(babbling_set: Path, tmp_path: Path) -> None:
    assert format_of(babbling_set) == "babbling"
    assert format_of(stored(tmp_path / "demonstrations")) == "demonstrations"
    put(tmp_path / "photos" / "cat" / "image1.png")
    assert format_of(tmp_path / "photos") == "image_folder"
    put(tmp_path / "sounds" / "train" / "cat" / "cover.jpg")
    for name in ("1.wav", "2.flac"):
        (tmp_path / "sounds" / "train" / "cat" / name).write_bytes(b"never opened")
    assert format_of(tmp_path / "sounds") == "audio_folder"
    put(tmp_path / "clips" / "cat" / "cover.jpg")
    for name in ("1.mp4", "2.mkv", "3.gif"):
        (tmp_path / "clips" / "cat" / name).write_bytes(b"never opened")
    assert format_of(tmp_path / "clips") == "video_folder"
    put(tmp_path / "recordings" / "train" / "cup" / "image_001.png")
    (tmp_path / "recordings" / "README.txt").write_text("how it was recorded")
    assert format_of(tmp_path / "recordings") == "custom_folder"


def test_a_numbered_name_alone_makes_no_custom_folder(tmp_path: Path) -> None:
    for name in ("image_001.png", "dog.png", "cat.png"):
        put(tmp_path / "photos" / "train" / "cat" / name)
    assert format_of(tmp_path / "photos") == "image_folder"
    put(tmp_path / "classes" / "cat" / "image_001.png")  # without train/ no custom folder either
    assert format_of(tmp_path / "classes") == "image_folder"


def test_a_misnamed_recording_stays_in_a_custom_folder(tmp_path: Path) -> None:
    for name in ("IMAGE_001.PNG", "image_002.png", "cup.png"):
        put(tmp_path / "train" / "cup" / name)
    (tmp_path / "train" / "cup" / ".DS_Store").write_bytes(b"")
    (tmp_path / "train" / "cup" / ".hidden").write_bytes(b"")
    assert format_of(tmp_path) == "custom_folder"


def test_a_listing_makes_an_image_folder(tmp_path: Path) -> None:
    put(tmp_path / "train" / "cat" / "image_001.png")
    (tmp_path / "labels.csv").write_text("split,label,file\ntrain,cat,train/cat/image_001.png\n")
    assert format_of(tmp_path) == "image_folder"
    (tmp_path / "labels.csv").write_text("split,label,file\ntrain,cat,elsewhere/meow.wav\n")
    assert format_of(tmp_path) == "audio_folder"


def test_a_listing_of_words_leaves_it_to_the_files(tmp_path: Path) -> None:
    (tmp_path / "1.wav").write_bytes(b"")
    (tmp_path / "labels.csv").write_text("file,word\n1,book\n")
    assert format_of(tmp_path) == "audio_folder"


def test_recordings_in_no_class_stay_recordings(tmp_path: Path) -> None:
    """So that what reads them can say that classes are missing."""
    for split in ("train", "val"):
        for name in ("image_001.png", "audio_001.wav"):
            path = tmp_path / split / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"")
    assert format_of(tmp_path) == "custom_folder"


def test_nothing_there_says_how_to_make_a_set(tmp_path: Path) -> None:
    (tmp_path / "empty" / "deeper").mkdir(parents=True)
    (tmp_path / "file").write_text("")
    for name, cause in (("gone", "no folder"), ("file", "no folder"), ("empty", "is empty")):
        with pytest.raises(UserError, match=cause) as failure:
            format_of(tmp_path / name)
        assert str(tmp_path / name) in failure.value.cause
        assert "python -m nsca.babble" in failure.value.remedy


def test_a_babbling_set_is_counted(babbling_set: Path) -> None:
    lines = list(describe_babbling(babbling_set))
    text = "\n".join(lines)
    assert "(complete, schema version 1)" in lines[0]
    assert "seed=3" in text
    assert "holds    48 interactions in 24 episodes" in text
    assert "12 files; 1 unstable episodes dropped" in text
    cells = {line.split()[0]: line.split()[1:5] for line in lines if line}
    assert cells["train"] == ["A", "12", "24", "12"]  # set, episodes, interactions, objects
    assert cells["val"] == ["A", "5", "10", "5"]
    assert cells["test"] == ["B", "7", "14", "7"]
    assert "events: impulse 48" in lines
    primitives = next(line for line in lines if line.startswith("primitives: "))
    assert sum(int(part.split()[-1]) for part in primitives.split(",")) == 48


def test_every_field_is_listed_under_those_who_may_read_it(babbling_set: Path) -> None:
    lines = list(describe_babbling(babbling_set))
    heads = [
        lines.index(f"fields of {table} (for {reader}):")
        for table, reader in (
            ("observations/", "agents"),
            ("labels/", "probes only"),
            ("privileged/", "evaluation only"),
        )
    ]
    assert heads == sorted(heads)
    parts = [lines[a + 1 : b] for a, b in zip(heads, [*heads[1:], len(lines)], strict=True)]
    for part, table in zip(parts, ("observations", "labels", "privileged"), strict=True):
        schema = pq.read_schema(babbling_set / table / "train-00000.parquet")
        assert [line.split()[0] for line in part] == schema.names


def test_a_broken_shard_is_named(babbling_set: Path) -> None:
    (babbling_set / "labels" / "train-00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"labels/train-00000\.parquet cannot be read"):
        list(describe_babbling(babbling_set))


def test_folders_of_pictures_are_counted(tmp_path: Path) -> None:
    for number in range(4):
        put(tmp_path / "photos" / "train" / "cat" / f"{number}.png", number)
        put(tmp_path / "photos" / "train" / "dog" / f"{number}.png", 100 + number)
    put(tmp_path / "photos" / "val" / "dog" / "9.png", 9)
    lines = list(describe_folder(ImageFolder(tmp_path / "photos")))
    assert lines[0] == f"image_folder {tmp_path / 'photos'}"
    assert "classes  2: cat, dog" in lines
    assert [line.split() for line in lines[2:4]] == [
        ["train", "8", "samples"],
        ["val", "1", "samples"],
    ]
    assert not any(line.startswith("modalities") for line in lines)


def test_modalities_of_a_custom_folder_are_counted(tmp_path: Path) -> None:
    root = tmp_path / "recordings"
    put(root / "train" / "cup" / "image_001.png")
    np.save(root / "train" / "cup" / "proprio_001.npy", np.zeros((5, 7), np.float32))
    np.save(root / "train" / "cup" / "proprio_002.npy", np.ones((5, 7), np.float32))
    put(root / "val" / "cup" / "image_001.png", 5)
    lines = list(describe_folder(CustomFolder(root)))
    assert "classes  1: cup" in lines
    assert [line.split() for line in lines[4:7]] == [
        ["files", "image", "audio", "proprio"],
        ["train/cup", "1", "0", "2"],
        ["val/cup", "1", "0", "0"],
    ]
    assert lines[7] == "lacking  val/cup holds no body reading"
    assert "image 1" in lines[-1]
    assert "proprio 2" in lines[-1]


def test_demonstrations_are_counted(tmp_path: Path) -> None:
    lines = list(describe_demonstrations(stored(tmp_path / "set")))
    text = "\n".join(lines)
    assert lines[0] == f"set of demonstrations {tmp_path / 'set'} (schema version 1)"
    assert "metaworld 3.1.1" in lines[1]
    assert "task=push-v3, count=3, seed=5" in lines[2]
    assert "3 demonstrations of push-v3, 24 steps (0.3 s), " in text
    assert "expert   succeeded in 3 of 4 episodes (75.0%)" in lines
    assert "lengths  7 to 9 steps, median 8; first success after 5 to 7" in lines
    assert "rewards  v2; their sum is " in text
    fields = [line.split()[0] for line in lines[lines.index("fields of demonstrations.parquet:") :]]
    assert fields[1:] == ["task", "seed", "observations", "actions", "rewards", "success"]


def test_damaged_demonstrations_are_refused(tmp_path: Path) -> None:
    change_manifest(stored(tmp_path), "file", "sha256", "0")
    with pytest.raises(UserError, match="checksum"):
        list(describe_demonstrations(tmp_path))


def test_drives_and_sets_of_the_hub_are_known_and_described(tmp_path: Path) -> None:
    put_archive(tmp_path / "drives" / "a.npz", drive_arrays())
    assert format_of(tmp_path / "drives") == "driving_signals"
    lines = list(describe_drives(DrivingSignals(tmp_path / "drives")))
    assert lines[1].startswith("a.npz: 1200 frames, 60.0 s, 2398 m at 10.0 to 70.0 m/s")
    assert lines[-1] == "test     270 moments in 3 stretches"
    put_parquet(tmp_path / "hub", train=pictures(2))
    assert format_of(tmp_path / "hub") == "huggingface"
    described = list(describe_folder(HuggingFace(tmp_path / "hub")))
    assert described[1] == "classes  3: blue, green, red"
