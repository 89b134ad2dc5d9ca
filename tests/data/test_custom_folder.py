"""Numbered recordings of any subset of modalities, paired by number."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from nsca.data.custom_folder import CustomFolder
from nsca.data.moments import MomentSource
from nsca.data.source import FrameSource, SoundSource
from nsca.errors import UserError


def record(folder: Path, number: int, modalities: str = "iap") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if "i" in modalities:
        picture = Image.new("RGB", (20, 20), (number * 20, 0, 0))
        picture.save(folder / f"image_{number:03d}.png")
    if "a" in modalities:
        soundfile.write(folder / f"audio_{number:03d}.wav", np.full(1600, 0.1), 16_000)
    if "p" in modalities:
        np.save(folder / f"proprio_{number:03d}.npy", np.zeros((5, 7), np.float32))


@pytest.fixture
def recordings(tmp_path) -> Path:
    """Four samples of two classes to train on (one without picture, one without sound), two val."""
    root = tmp_path / "recordings"
    record(root / "train" / "cup", 1)
    record(root / "train" / "cup", 2, "ap")
    record(root / "train" / "ball", 1, "ip")
    record(root / "train" / "ball", 10)
    record(root / "val" / "cup", 1)
    record(root / "val" / "ball", 1)
    return root


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


def test_broken_files_of_every_modality_are_found(recordings):
    (recordings / "train" / "cup" / "audio_001.wav").write_bytes(b"")
    (recordings / "train" / "cup" / "proprio_001.npy").write_text("1 2 3")
    (recordings / "val" / "cup" / "image_001.png").write_bytes(b"x")
    np.save(recordings / "val" / "ball" / "proprio_001.npy", np.zeros((5, 6), np.float32))
    problems = "\n".join(CustomFolder(recordings).problems())
    assert problems.count("\n") == 3
    for name in ("cup/audio_001.wav", "cup/proprio_001.npy", "cup/image_001.png"):
        assert name in problems
    assert "6 values a reading where most hold 7" in problems
    np.save(recordings / "val" / "ball" / "proprio_001.npy", np.zeros((0, 7), np.float32))
    assert "ball/proprio_001.npy: has the shape (0, 7)" in "\n".join(
        CustomFolder(recordings).problems()
    )


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


def tone(file: Path, rate_hz: int, channels: int = 1, seconds: float = 0.5) -> None:
    """A tone of 440 Hz, half as loud as can be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate_hz * seconds)) / rate_hz)
    soundfile.write(file, np.repeat(wave[:, None], channels, axis=1), rate_hz)


def test_a_moment_is_a_sample_with_the_senses_it_has(recordings):
    soundfile.write(recordings / "train" / "cup" / "audio_001.wav", np.zeros(1600), 16_000)
    source = CustomFolder(recordings)
    assert isinstance(source, MomentSource)
    moments = source.moments("train")
    assert moments.there().tolist() == [
        [True, False, True],
        [True, True, True],
        [True, False, True],  # its sound is silent
        [False, True, True],
    ]
    assert moments.stored["vision"].rows(np.array([1]))[0, 0, 0, 0] == 200
    assert moments.stored["audio"].rows(np.array([1, 3])).shape == (2, 16_000)
    assert moments.stored["proprioception"].rows(np.array([0])).shape == (1, 7)
    label = source.moment_labels("train")["label"]
    assert [source.classes[code] for code in label.values] == ["ball", "ball", "cup", "cup"]
    assert label.group.tolist() == [0, 1, 2, 3]


def test_by_label_every_file_is_a_moment_and_held_out_files_stay_apart(recordings):
    for split, number in (("train", 1), ("train", 2), ("val", 1)):
        tone(recordings / split / "cup" / f"audio_00{number}.wav", 16_000)
    source = CustomFolder(recordings, pairing="label")
    train, val = source.moments("train"), source.moments("val")
    assert (len(train), len(val)) == (3 + 3 + 4, 2 + 2 + 2)
    assert (train.belongs == source.moment_labels("train")["label"].values).all()
    held_out = val.completed(0).stored["vision"].rows(np.arange(6))[:, 0, 0, 0]
    assert set(held_out) == {20}, "partners of held-out files are held-out files"
    mixed = CustomFolder(recordings, pairing="shuffled")
    assert (mixed.moments("val").belongs == val.belongs).all(), "the training part alone is mixed"
    assert mixed.moments("train").belongs.tolist() != train.belongs.tolist()
    assert (mixed.moment_labels("train")["label"].values == train.belongs).all()


def test_stereo_and_any_rate_give_the_same_window(tmp_path):
    for split in ("train", "val"):
        record(tmp_path / split / "bell", 1, "i")
        for number, (rate_hz, channels) in enumerate(
            [(16_000, 1), (8_000, 1), (96_000, 2), (44_100, 2)], start=1
        ):
            tone(tmp_path / split / "bell" / f"audio_00{number}.wav", rate_hz, channels)
    moments = CustomFolder(tmp_path).moments("train")
    assert moments.present["audio"].all()
    sounds = moments.stored["audio"].rows(np.arange(4)).astype(float)
    assert sounds.shape == (4, 16_000)
    middle = sounds[:, 1000:7000]  # a filter rings at the edges
    assert np.abs(middle - middle[0]).max() < 0.01 * middle[0].max()
    assert (sounds[:, 8200:] == 0).all()


def test_a_sound_without_a_sample_is_named_and_refused(recordings):
    soundfile.write(recordings / "train" / "cup" / "audio_002.wav", np.zeros(0), 16_000)
    with pytest.raises(UserError, match=r"cup/audio_002.wav: holds 0 of 0 samples") as refusal:
        CustomFolder(recordings).moments("train")
    assert "data.max_broken" in refusal.value.remedy
    found = CustomFolder(recordings, max_broken=0.5).moments("train")
    assert not found.present["audio"][3], "tolerated, it is a missing sense"
    assert found.present["proprioception"].all()


def test_a_reading_that_is_no_number_is_named_and_refused(recordings):
    file = recordings / "train" / "cup" / "proprio_001.npy"
    np.save(file, np.array([[0.0] * 6 + [np.nan]]))
    with pytest.raises(UserError, match=r"cup/proprio_001.npy: holds values that are not finite"):
        CustomFolder(recordings).moments("train")
    file.unlink()
    assert CustomFolder(recordings).moments("train").present["proprioception"].tolist() == [
        *(True, True, False, True)
    ]


def test_streams_of_different_length_are_one_reading_each(recordings):
    np.save(recordings / "train" / "cup" / "proprio_001.npy", np.ones((50, 7)))
    readings = CustomFolder(recordings).moments("train").stored["proprioception"]
    assert readings.rows(np.arange(4)).tolist() == [[0] * 7, [0] * 7, [1] * 7, [0] * 7]
    np.save(recordings / "train" / "cup" / "proprio_001.npy", np.ones(50))
    with pytest.raises(UserError, match=r"50 numbers a reading.*has 7"):
        CustomFolder(recordings).moments("train")


def test_a_class_without_any_file_of_a_modality_lacks_that_sense(recordings):
    for file in (recordings / "train" / "cup").glob("image_*"):
        file.unlink()
    for pairing in ("number", "label"):
        moments = CustomFolder(recordings, pairing=pairing).moments("train").completed(0)
        cup = moments.belongs >= (2 if pairing == "number" else 1)
        assert not moments.present["vision"][cup].any()
        assert moments.present["vision"][~cup].all()


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


def test_senses_of_which_no_two_belong_together_are_refused(tmp_path):
    for split in ("train", "val"):
        for number in (1, 2):
            record(tmp_path / split / "cup", number, "i")
            tone(tmp_path / split / "ball" / f"audio_00{number}.wav", 16_000)
    for pairing in ("number", "label"):
        with pytest.raises(
            UserError, match=r"no two senses.*image 2, audio 2, proprio 0"
        ) as refusal:
            CustomFolder(tmp_path, pairing=pairing).moments("train")
        assert "data.pairing=label" in refusal.value.remedy
    tone(tmp_path / "train" / "cup" / "audio_007.wav", 16_000)
    with pytest.raises(UserError, match="no two senses"):
        CustomFolder(tmp_path).moments("train")
    assert CustomFolder(tmp_path, pairing="label").moments("train").apart


def test_a_part_that_is_not_there_and_a_pairing_that_is_none(recordings):
    with pytest.raises(UserError, match="holds no test/"):
        CustomFolder(recordings).moments("test")
    with pytest.raises(UserError, match=r"pairing=colour.*number, label, shuffled"):
        CustomFolder(recordings, pairing="colour")
