"""The spectrogram shows a tone where it sounds, and the line moves with time."""

import base64
import io

import numpy as np
from PIL import Image

from nsca.reporting.pictures import gif, sheet, wav
from nsca.reporting.rollout import (
    BANDS,
    HIGHEST_HZ,
    LOWEST_HZ,
    band_power,
    spectrogram_picture,
    with_spectrogram,
)
from nsca.worlds.tabletop.interaction import AUDIO_RATE_HZ, AUDIO_SAMPLES, FRAMES


def tone(hz: float, start_s: float, stop_s: float) -> np.ndarray:
    time_s = np.arange(AUDIO_SAMPLES) / AUDIO_RATE_HZ
    heard = (time_s >= start_s) & (time_s < stop_s)
    return (8000 * np.sin(2 * np.pi * hz * time_s) * heard).astype(np.int16)


def test_a_tone_is_in_its_band_while_it_sounds():
    power = band_power(tone(1000, 0.4, 0.8).astype(np.float32))
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1)
    assert power.mean(1).argmax() == np.searchsorted(edges, 1000) - 1
    columns = power.sum(0)
    times_s = np.linspace(0, 1.6, len(columns))
    heard = (times_s > 0.45) & (times_s < 0.75)
    silent = (times_s < 0.35) | (times_s > 0.85)
    assert columns[heard].min() > 1e6 * columns[silent].max()


def test_pitch_goes_up_the_picture_and_silence_is_dark():
    low = spectrogram_picture(tone(150, 0, 1.6), 96, 48).astype(int).sum((1, 2)).argmax()
    high = spectrogram_picture(tone(4000, 0, 1.6), 96, 48).astype(int).sum((1, 2)).argmax()
    assert high < low
    silence = spectrogram_picture(np.zeros(AUDIO_SAMPLES, np.int16), 96, 48)
    assert silence.max() < 10


def test_the_line_stands_at_the_frames_time():
    frames = np.zeros((FRAMES, 64, 64, 3), np.uint8)
    shown = with_spectrogram(frames, np.zeros(AUDIO_SAMPLES, np.int16))
    below = np.stack([frame[192:] for frame in shown])
    columns = (below == 255).all((1, 3)).argmax(1)
    assert columns.tolist() == [round(i * 192 / FRAMES) for i in range(FRAMES)]


def decoded(uri: str) -> bytes:
    return base64.b64decode(uri.partition("base64,")[2])


def test_an_animation_keeps_its_frames_and_speed():
    frames = [np.full((20, 30, 3), value, np.uint8) for value in (0, 90, 180, 250)]
    picture = Image.open(io.BytesIO(decoded(gif(frames, 20))))
    assert picture.n_frames == 4
    assert picture.info["duration"] == 50
    picture.seek(2)
    assert abs(int(np.asarray(picture.convert("RGB"))[5, 5, 0]) - 180) < 12


def test_sound_and_sheets():
    import soundfile

    samples, rate_hz = soundfile.read(io.BytesIO(decoded(wav(tone(300, 0, 1), AUDIO_RATE_HZ))))
    assert (len(samples), rate_hz) == (AUDIO_SAMPLES, AUDIO_RATE_HZ)
    pictures = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (10, 20, 30)])
    made = sheet(pictures, columns=2, factor=2)
    assert made.shape == (18, 18, 4)
    assert made[0, 0].tolist() == [10, 10, 10, 255]
    assert made[10, 0].tolist() == [30, 30, 30, 255]
    assert made[17, 17, 3] == 0
