"""Numbered recordings of any subset of modalities: layout, pictures, sounds, what is lacking."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from data.numbered_recordings import record
from PIL import Image

from nsca.data.custom_folder import CustomFolder
from nsca.data.source import FrameSource, SoundSource
from nsca.errors import UserError


def test_pairs_go_by_number_and_vision_takes_the_pictures(recordings):
    source = CustomFolder(recordings)
    assert isinstance(source, FrameSource)
    samples = source.samples["train"]
    assert [(s.label, s.number, sorted(s.files)) for s in samples] == [
        ("ball", 1, ["image", "proprio"]),
        ("ball", 10, ["audio", "image", "proprio"]),
        ("cup", 1, ["audio", "image", "proprio"]),
        ("cup", 2, ["audio", "proprio"]),
    ]
    assert source.modalities() == {"image": 3, "audio": 3, "proprio": 4}
    frames = source.frames("train")
    assert frames.images[:, 0, 0, 0].tolist() == [20, 200, 20]
    assert source.probe_labels("train")["label"].values.tolist() == [0, 0, 1]
    assert source.problems() == []


def test_the_fingerprint_covers_every_modality(recordings):
    before = CustomFolder(recordings).fingerprint()
    soundfile.write(recordings / "train" / "cup" / "audio_001.wav", np.zeros(50), 16_000)
    assert CustomFolder(recordings).fingerprint() != before


def test_fraction_takes_the_first_of_each_class(recordings):
    source = CustomFolder(recordings, fraction=0.5)
    assert [(s.label, s.number) for s in source.samples["train"]] == [("ball", 1), ("cup", 1)]
    assert len(source.samples["val"]) == 2


def test_no_pictures_at_all_is_said(tmp_path):
    record(tmp_path / "train" / "cup", 1, "ap")
    record(tmp_path / "val" / "cup", 1, "ap")
    source = CustomFolder(tmp_path)
    with pytest.raises(UserError, match="holds no picture"):
        source.frames("train")


def wrong(name: str, root: Path) -> None:
    match name:
        case "no val":
            (root / "val").rename(root / "somewhere")
        case "no classes":
            record(root / "test", 1)
        case "another name":
            (root / "train" / "cup" / "IMG_17.jpg").write_bytes(b"x")
        case "another suffix":
            (root / "train" / "cup" / "audio_009.mp3").write_bytes(b"x")
        case "one number twice":
            record(root / "train" / "cup", 3)
            Image.new("RGB", (9, 9)).save(root / "train" / "cup" / "image_3.jpg")
        case "an unknown class":
            record(root / "val" / "spoon", 1)
        case "an empty class":
            (root / "train" / "fork").mkdir()


@pytest.mark.parametrize(
    ("name", "cause", "remedy"),
    [
        ("no val", "no val/", "under val/<class>/"),
        ("no classes", "no class folder in test/", "test/<class>/"),
        ("another name", "IMG_17.jpg", "data=image_folder"),
        ("another suffix", "audio_009.mp3: a sound is read from .flac, .ogg, .wav", "convert"),
        ("one number twice", "pairing is not clear", "a number of its own"),
        ("an unknown class", "lacks: spoon", "add them"),
        ("an empty class", "nothing in train/fork/", "fill"),
    ],
)
def test_a_wrong_layout_says_what_was_found_and_how_to_fix_it(name, cause, remedy, recordings):
    wrong(name, recordings)
    with pytest.raises(UserError) as caught:
        CustomFolder(recordings)
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy


def test_no_path_and_an_empty_folder(tmp_path):
    with pytest.raises(UserError, match="needs a folder"):
        CustomFolder(None)
    with pytest.raises(UserError, match="is empty"):
        CustomFolder(tmp_path)


def test_audio_takes_the_sounds(recordings):
    source = CustomFolder(recordings, max_broken=0.0)
    assert isinstance(source, SoundSource)
    loud = np.full(24_000, 0.5)
    soundfile.write(recordings / "train" / "ball" / "audio_010.wav", loud, 16_000)
    sounds = source.sounds("train")
    assert sounds.samples.shape == (4, 16_000)  # 1.5 s are two pieces
    assert [sound.max() > 16_000 for sound in sounds.samples] == [True, True, False, False]
    label = source.sound_labels("train")["label"]
    assert [source.classes[code] for code in label.values] == ["ball", "ball", "cup", "cup"]
    assert label.group.tolist() == [0, 0, 1, 2]
    assert source.held_out == ("val",)
    assert CustomFolder(recordings, seconds=0.5).fingerprint() != source.fingerprint()


def test_a_part_without_sounds_says_where_they_go(recordings):
    for file in (recordings / "val").rglob("audio_*"):
        file.unlink()
    source = CustomFolder(recordings)
    assert len(source.frames("val")) == 2
    with pytest.raises(UserError, match=r"val holds no sound.*val/<class>/audio_001.wav"):
        source.sounds("val")


def test_what_a_class_lacks_and_others_have_is_said_once(recordings, capsys):
    assert CustomFolder(recordings).sounds("train").samples.any()
    assert capsys.readouterr().err == "", "a sample may lack a sense"
    for file in (recordings / "train" / "cup").glob("audio_*"):
        file.unlink()
    source = CustomFolder(recordings)
    source.frames("train")
    assert capsys.readouterr().err == "", "vision does not listen"
    source.sounds("train")
    CustomFolder(recordings).sounds("val")
    told = capsys.readouterr().err
    assert told.startswith(f"notice: {recordings}: train/cup holds no sound; ")
    assert told.count("\n") == 1
    for file in recordings.glob("val/*/proprio_*"):
        file.unlink()
    CustomFolder(recordings).moments("train")
    told = capsys.readouterr().err
    assert "train/cup holds no sound; val/ball, val/cup hold no body reading; " in told
    assert told.count("\n") == 1
    assert CustomFolder(recordings).problems() == [
        f"{recordings}: train/cup holds no sound",
        f"{recordings}: val/ball, val/cup hold no body reading",
    ]


def test_a_sense_that_no_class_has_is_no_gap(tmp_path, capsys):
    for split in ("train", "val"):
        for name in ("cup", "ball"):
            record(tmp_path / split / name, 1, "ip")
    source = CustomFolder(tmp_path)
    source.moments("train")
    assert capsys.readouterr().err == ""
    assert source.problems() == []


def test_a_silent_sound_is_a_problem_and_a_missing_sense(recordings):
    file = recordings / "val" / "cup" / "audio_001.wav"
    soundfile.write(file, np.zeros(1600), 16_000)
    source = CustomFolder(recordings)
    assert source.problems() == [f"{file}: is silent"]
    assert source.moments("val").present["audio"].tolist() == [True, False]


def test_what_is_also_in_train_is_not_held_out(recordings, capsys):
    copied = recordings / "val" / "cup" / "image_001.png"
    copied.write_bytes((recordings / "train" / "cup" / "image_001.png").read_bytes())
    source = CustomFolder(recordings)
    assert len(source.frames("val")) == 1
    assert "left out what is also in train (picture: image_001.png)" in capsys.readouterr().err
    other = recordings / "val" / "ball" / "image_001.png"
    other.write_bytes((recordings / "train" / "ball" / "image_001.png").read_bytes())
    with pytest.raises(UserError, match=r"every picture of .*val is also in train"):
        CustomFolder(recordings, fraction=0.5).frames("val")
