"""A GIF keeps frames, speed and colours."""

import io

import numpy as np
from PIL import Image

from nsca.data.animation import gif


def test_an_animation_keeps_its_frames_and_speed() -> None:
    frames = np.zeros((4, 20, 30, 3), np.uint8)
    frames[:] = np.array([0, 90, 180, 250])[:, None, None, None]
    picture = Image.open(io.BytesIO(gif(frames, 20)))
    assert picture.n_frames == 4
    assert picture.size == (30, 20)
    assert picture.info["duration"] == 50
    assert picture.info["loop"] == 0
    picture.seek(2)
    assert abs(int(np.asarray(picture.convert("RGB"))[5, 5, 0]) - 180) < 12


def test_a_colour_of_one_frame_alone_is_in_the_palette() -> None:
    frames = np.zeros((32, 8, 8, 3), np.uint8)
    frames[13, ..., 0] = 200
    picture = Image.open(io.BytesIO(gif(frames, 20)))
    picture.seek(1)  # equal neighbours are stored as one
    shown = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(shown - frames[13]).max() < 12
