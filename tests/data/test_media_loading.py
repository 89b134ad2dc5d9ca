"""What many files become in memory, and what happens to those that cannot be read."""

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from nsca.data.media import BrokenFileError
from nsca.data.media_loading import check_sound, load_images, load_sounds, resampled
from nsca.errors import UserError


def picture(path: Path, red: int) -> Path:
    Image.new("RGB", (40, 40), (red, 0, 0)).save(path)
    return path


def test_broken_pictures_are_skipped_and_named(tmp_path, caplog):
    paths = [picture(tmp_path / f"{n}.png", n) for n in range(20)]
    paths[7].write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        images, kept, broken = load_images(paths, 16, max_broken=0.1, what="photos train")
    assert kept == [n for n in range(20) if n != 7]
    assert images[:, 0, 0, 0].tolist() == kept
    assert [file.path for file in broken] == [paths[7]]
    assert "7.png" in caplog.text
    assert "1 of 20" in caplog.text


def test_too_many_broken_pictures_stop_with_their_names(tmp_path):
    paths = [picture(tmp_path / f"{n}.png", n) for n in range(20)]
    for path in paths[:8]:
        path.write_bytes(b"")
    with pytest.raises(UserError) as caught:
        load_images(paths, 16, max_broken=0.01, what="photos train")
    assert "8 of 20" in caught.value.cause
    assert "0.png" in caught.value.cause
    assert "and 3 more" in caught.value.cause
    assert "data.max_broken=0.41" in caught.value.remedy
    for path in paths:
        path.write_bytes(b"")
    with pytest.raises(UserError, match="none of 20"):
        load_images(paths, 16, max_broken=1.0, what="photos train")


def test_long_sounds_are_cut_and_a_short_rest_is_left_out(tmp_path):
    rates = {"exact": 2.0, "long_rest": 2.6, "short_rest": 2.4, "short": 0.3}
    paths = [tmp_path / f"{name}.wav" for name in rates]
    for path, seconds in zip(paths, rates.values(), strict=True):
        soundfile.write(path, np.full(int(seconds * 16_000), 0.25), 16_000, subtype="FLOAT")
    pieces, files, broken = load_sounds(paths, 1.0, 0.0, "sounds")
    assert files == [0, 0, 1, 1, 1, 2, 2, 3]
    assert pieces.dtype == np.int16
    assert (pieces[0] == round(0.25 * 32767)).all()
    assert not pieces[4][9600:].any()
    assert pieces[4][:9600].all()
    assert not broken


def test_channels_are_averaged_and_too_loud_samples_are_cut_off(tmp_path):
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.tile([[1.0, 0.0], [3.0, 3.0]], (8000, 1)), 16_000, subtype="FLOAT")
    pieces, _, _ = load_sounds([path], 1.0, 0.0, "sounds")
    assert pieces[0, :2].tolist() == [round(0.5 * 32767), 32767]


def test_sounds_that_are_all_silent_are_refused_as_such(tmp_path):
    rng = np.random.default_rng(0)
    wave = rng.uniform(-0.5, 0.5, 8000)
    shapes = {
        "zeros": np.zeros(8000),
        "hum": 0.0009 * wave,  # 60 dB below full scale
        "cancelled": np.stack([wave, -wave], axis=1),  # by averaging the channels
    }
    paths = [tmp_path / f"{name}.wav" for name in shapes]
    for path, samples in zip(paths, shapes.values(), strict=True):
        soundfile.write(path, samples, 16_000, subtype="FLOAT")
        with pytest.raises(BrokenFileError, match=rf"{path.name}: is silent"):
            check_sound(path)
    with pytest.raises(
        UserError, match=r"a train: every sound is silent.*: 3,.*zeros.wav"
    ) as error:
        load_sounds(paths, 1.0, 0.0, "a train")
    assert "microphone" in error.value.remedy
    soundfile.write(tmp_path / "loud.wav", wave, 16_000)
    check_sound(tmp_path / "loud.wav")
    assert len(load_sounds([*paths, tmp_path / "loud.wav"], 1.0, 0.0, "a train")[0]) == 4


def test_resampling_keeps_a_tone_and_removes_what_the_new_rate_cannot_hold():
    for rate_hz, length in ((8_000, 16_000), (22_050, 16_000), (96_000, 16_000)):
        times = np.arange(rate_hz) / rate_hz
        tone = resampled(np.sin(2 * np.pi * 440 * times).astype(np.float32), rate_hz)
        assert len(tone) == length
        expected = np.sin(2 * np.pi * 440 * np.arange(length) / length)
        assert np.abs(tone - expected)[800:-800].max() < 0.02
    hiss = np.sin(2 * np.pi * 20_000 * np.arange(96_000) / 96_000).astype(np.float32)
    assert np.abs(resampled(hiss, 96_000))[800:-800].max() < 0.01
