"""Files of one number in one class belong together; what is wrong is named."""

from pathlib import Path

import pytest

from nsca.data.custom_layout import SUFFIXES, count_files, first_share, gaps, read_part
from nsca.errors import UserError


def laid_out(root: Path, *names: str) -> Path:
    for name in names:
        file = root / "train" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return root / "train"


def test_numbers_pair_files_within_a_class(tmp_path: Path):
    part = laid_out(
        tmp_path, "b/image_002.jpg", "b/audio_2.wav", "b/image_1.png", "a/proprio_1.npy"
    )
    samples = read_part(part, tmp_path)
    assert [(s.label, s.number, sorted(s.files)) for s in samples] == [
        ("a", 1, ["proprio"]),
        ("b", 1, ["image"]),
        ("b", 2, ["audio", "image"]),
    ]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["loose.jpg"], "no class folder in train/"),
        (["a/photo.jpg"], "train/a/photo.jpg"),
        (["a/image_1.wav"], "train/a/image_1.wav: a picture is read from .bmp, "),
        (["a/audio_1.m4a"], "train/a/audio_1.m4a: a sound is read from .flac, .ogg, .wav alone"),
        (["a/image_1.jpg", "a/image_01.png"], "pairing is not clear"),
        (["a/.hidden"], "nothing in train/a/"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, names: list[str], said: str):
    part = laid_out(tmp_path, *names)
    with pytest.raises(UserError, match=said):
        read_part(part, tmp_path)


def test_a_share_is_of_each_class_and_never_nothing(tmp_path: Path):
    names = [f"a/image_{n}.jpg" for n in range(10)] + ["b/image_1.jpg"]
    samples = read_part(laid_out(tmp_path, *names), tmp_path)
    assert [(s.label, s.number) for s in first_share(samples, 0.2)] == [
        ("a", 0),
        ("a", 1),
        ("b", 1),
    ]


def test_what_some_classes_lack_is_told_by_modality(tmp_path: Path):
    part = laid_out(tmp_path, "a/image_1.jpg", "a/image_2.jpg", "a/audio_1.wav", "b/image_1.jpg")
    counts = count_files({"train": read_part(part, tmp_path), "val": read_part(part, tmp_path)[:1]})
    assert counts == {
        "train/a": {"image": 2, "audio": 1, "proprio": 0},
        "train/b": {"image": 1, "audio": 0, "proprio": 0},
        "val/a": {"image": 1, "audio": 1, "proprio": 0},
    }
    assert gaps(counts, SUFFIXES) == ["train/b holds no sound"]
    assert gaps(counts, ["image", "proprio"]) == []
