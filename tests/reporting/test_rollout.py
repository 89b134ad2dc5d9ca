"""The spectrogram shows a tone where it sounds, and the line moves with time."""

import numpy as np

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
