"""Pictures and sounds survive the way into a page."""

import base64
import io

import numpy as np
import soundfile
from PIL import Image

from nsca.reporting.pictures import enlarged, filter_pictures, gif, png, sheet, wav, webp


def decoded(uri: str) -> io.BytesIO:
    return io.BytesIO(base64.b64decode(uri.partition("base64,")[2]))


def test_a_png_keeps_every_pixel():
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 4)).astype(np.uint8)
    uri = png(picture)
    assert uri.startswith("data:image/png;base64,")
    assert (np.asarray(Image.open(decoded(uri))) == picture).all()


def test_a_webp_is_close_and_smaller():
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    picture = np.broadcast_to(ramp[:, None, None], (64, 64, 3)).copy()
    shown = np.asarray(Image.open(decoded(webp(picture))).convert("RGB")).astype(int)
    assert np.abs(shown - picture).mean() < 4
    noise = np.random.default_rng(0).normal(0, 8, (64, 64, 3))
    noisy = (picture + noise).clip(0, 255).astype(np.uint8)
    assert len(webp(noisy)) < len(png(noisy)) / 2


def test_an_animation_is_a_gif_of_all_frames():
    frames = [np.full((20, 30, 3), value, np.uint8) for value in (0, 90, 180, 250)]
    uri = gif(frames, 20)
    assert uri.startswith("data:image/gif;base64,")
    assert Image.open(decoded(uri)).n_frames == 4


def test_a_sound_keeps_its_samples_and_rate():
    sound = (np.sin(np.arange(1600) / 5) * 30_000).astype(np.int16)
    samples, rate_hz = soundfile.read(decoded(wav(sound, 16_000)), dtype="int16")
    assert rate_hz == 16_000
    assert (samples == sound).all()


def test_a_sheet_fills_rows_with_gaps_that_are_transparent():
    pictures = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (10, 20, 30)])
    made = sheet(pictures, columns=2, factor=2)
    assert made.shape == (18, 18, 4)
    assert made[0, 0].tolist() == [10, 10, 10, 255]
    assert made[10, 0].tolist() == [30, 30, 30, 255]
    assert made[0, 8, 3] == 0, "the gap"
    assert made[17, 17, 3] == 0, "the missing place"


def test_pixels_become_squares():
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    made = enlarged(picture, 3)
    assert made.shape == (6, 6, 3)
    assert (made[3:, :3] == picture[1, 0]).all()


def test_filters_are_grey_at_zero_and_scaled_each_by_itself():
    filters = np.zeros((3, 1, 5, 5), np.float32)
    filters[0, 0, 0, 0], filters[0, 0, 0, 1] = 2.0, -2.0
    filters[1, 0, 0, 0] = 0.01
    made = filter_pictures(filters)
    assert made.shape == (3, 5, 5, 3)
    assert made[0, 0, :2, 0].tolist() == [255, 1]
    assert made[1, 0, 0].tolist() == [255] * 3
    assert (made[2] == 128).all(), "nothing there is grey, and not NaN"
    colour = filter_pictures(np.eye(3, dtype=np.float32).reshape(1, 3, 3, 1))
    assert colour[0, 1, 0].tolist() == [128, 255, 128]
