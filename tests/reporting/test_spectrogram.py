"""The spectrogram shows a tone where it sounds, and soft sounds can be heard."""

import numpy as np
import pytest

from nsca.data.media_loading import RATE_HZ
from nsca.models import log_mel
from nsca.reporting.spectrogram import (
    BANDS,
    HIGHEST_HZ,
    LOWEST_HZ,
    at_one_level,
    band_power,
    spectrogram_picture,
)
from nsca.worlds.tabletop.interaction import AUDIO_RATE_HZ, AUDIO_SAMPLES


def test_all_sound_has_one_rate():
    assert RATE_HZ == AUDIO_RATE_HZ == log_mel.RATE_HZ


def tone(hz: float, start_s: float, stop_s: float) -> np.ndarray:
    time_s = np.arange(AUDIO_SAMPLES) / RATE_HZ
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


def test_soft_and_loud_are_played_alike_and_silence_stays_silent():
    loud = tone(1000, 0.4, 0.8)
    soft = (loud / 8).astype(np.int16)
    assert np.abs(at_one_level(soft)).max() == pytest.approx(np.abs(at_one_level(loud)).max(), 0.01)
    assert not at_one_level(np.zeros(10, np.int16)).any()
