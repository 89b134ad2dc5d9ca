"""Labelled sounds of any rate, length and channel count."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from nsca.data.audio_folder import AudioFolder
from nsca.data.source import FrameSource, SoundSource
from nsca.errors import UserError


def write_tone(path: Path, hertz: float, rate_hz: int, seconds: float, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate_hz)) / rate_hz)
    soundfile.write(path, np.repeat(tone[:, None], channels, axis=1), rate_hz)
    return path


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """Low and high tones, mono and stereo, at 8, 44.1 and 96 kHz, short and long."""
    write_tone(tmp_path / "train" / "low" / "a.wav", 300, 8_000, 0.5)
    write_tone(tmp_path / "train" / "low" / "b.flac", 310, 44_100, 2.2, channels=2)
    write_tone(tmp_path / "train" / "high" / "c.ogg", 3000, 44_100, 1.0)
    write_tone(tmp_path / "val" / "high" / "d.wav", 3100, 96_000, 1.0, channels=2)
    return tmp_path


def pitch(samples: np.ndarray) -> float:
    """In Hz, of sounds of one second."""
    return float(np.abs(np.fft.rfft(samples.astype(float))).argmax())


def test_every_rate_and_channel_count_becomes_the_same(sounds):
    source = AudioFolder(sounds)
    assert isinstance(source, SoundSource)
    assert not isinstance(source, FrameSource)
    train = source.sounds("train").samples
    assert train.shape == (4, 16_000)
    assert [round(pitch(each), -2) for each in train] == [3000, 300, 300, 300]
    label = source.sound_labels("train")["label"]
    assert [source.classes[code] for code in label.values] == ["high", "low", "low", "low"]
    assert label.group.tolist() == [0, 1, 2, 2], "pieces of a sound belong together"
    assert pitch(source.sounds("val").samples[0]) == 3100
    assert source.held_out == ("val",)


def test_a_short_sound_ends_in_silence(sounds):
    short = AudioFolder(sounds).sounds("train").samples[1]
    assert np.abs(short[:7900]).max() > 10_000
    assert not short[8100:].any()


def test_pieces_are_as_long_as_asked(sounds):
    assert AudioFolder(sounds, seconds=0.5).sounds("train").samples.shape == (1 + 4 + 2, 8_000)
    assert AudioFolder(sounds, seconds=0.5).fingerprint() != AudioFolder(sounds).fingerprint()
    with pytest.raises(UserError, match=r"data.seconds=0.01 is too short"):
        AudioFolder(sounds, seconds=0.01)


def test_a_test_part_is_held_out_too(sounds):
    write_tone(sounds / "test" / "low" / "e.wav", 320, 16_000, 1.0)
    assert AudioFolder(sounds).held_out == ("val", "test")


def test_a_sound_of_no_length_is_named(sounds):
    soundfile.write(sounds / "train" / "low" / "empty.wav", np.zeros((0, 1)), 16_000)
    with pytest.raises(UserError, match=r"1 of 4 files .*empty.wav: holds 0 of 0 samples") as error:
        AudioFolder(sounds).sounds("train")
    assert "data.max_broken=" in error.value.remedy
    kept = AudioFolder(sounds, max_broken=0.5)
    assert len(kept.sounds("train")) == 4
    assert [broken.path.name for broken in kept.broken["train"]] == ["empty.wav"]


def test_a_class_without_any_sound_is_named(sounds):
    (sounds / "train" / "empty").mkdir()
    with pytest.raises(UserError, match=r"train/empty/ holding nothing"):
        AudioFolder(sounds)


def test_silence_is_said_before_it_counts_as_copies(sounds):
    for file in [path for path in sounds.rglob("*.*") if path.is_file()]:
        file.unlink()
    for place in ("train/low/a", "train/low/b", "train/high/c", "val/high/d"):
        soundfile.write(sounds / f"{place}.wav", np.zeros(8_000), 16_000)
    with pytest.raises(UserError, match=r"train: every sound is silent \(files: 3"):
        AudioFolder(sounds).sounds("train")
    with pytest.raises(UserError, match=r"val: every sound is silent \(files: 1"):
        AudioFolder(sounds).sounds("val")
    assert len(AudioFolder(sounds).problems()) == 4
