"""Sound as a picture: where tones stand, how loudness shows, and that precision does not matter."""

import math

import pytest
import torch

from nsca.models.log_mel import RATE_HZ, LogMel, bands_before, hertz_of, mel_filters, mel_of


def tone(hertz: float, seconds: float = 0.5, loudness: float = 1.0) -> torch.Tensor:
    times = torch.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return loudness * torch.sin(2 * math.pi * hertz * times)


def test_a_tone_stands_in_the_band_of_its_pitch():
    picture = LogMel()(torch.stack([tone(200.0), tone(1000.0), tone(6000.0)]))
    assert picture.shape == (3, 80, 51)
    loudest = picture.mean(dim=2).argmax(dim=1)
    mels = [2595 * math.log10(1 + f / 700) for f in (200, 1000, 6000)]
    width = 2595 * math.log10(1 + 8000 / 700) / 81
    expected = torch.tensor([mel / width - 1 for mel in mels])
    assert (loudest - expected).abs().max() <= 1


def test_ten_decibels_are_an_equal_step_and_silence_is_the_floor():
    loud, soft, silent = LogMel()(
        torch.stack([tone(1000.0), tone(1000.0, loudness=0.1), tone(0.0)])
    )
    assert (loud - soft).amax().item() == pytest.approx(0.5, abs=0.01), "20 dB of 80 in -1..1"
    assert silent.eq(-1).all()
    assert loud.max() < 1


def test_every_band_hears_something_and_too_many_are_refused():
    assert (mel_filters(80).sum(dim=1) > 0.5).all()
    noise = LogMel()(torch.randn(1, RATE_HZ, generator=torch.Generator().manual_seed(0)) * 0.1)
    assert (noise.mean(dim=2) > -0.7).all()
    with pytest.raises(ValueError, match="mel bands"):
        mel_filters(400)


def test_a_band_finds_where_its_sound_was_before_it_was_heard_higher():
    same, higher = bands_before(80, torch.tensor([1.0, 1.25]))
    torch.testing.assert_close(same, torch.arange(80.0), atol=1e-4, rtol=0)
    pictures = LogMel()(torch.stack([tone(1000.0), tone(1250.0)]))
    before, after = pictures.mean(dim=2).argmax(dim=1).tolist()
    assert higher[after].item() == pytest.approx(before, abs=0.5)
    assert higher.diff().gt(0).all()
    (lower,) = bands_before(80, torch.tensor([0.8]))
    assert lower[-1] > 79, "above 8 kHz nothing was heard"
    hertz = torch.tensor([0.0, 440.0, 8000.0])
    torch.testing.assert_close(hertz_of(mel_of(hertz)), hertz, atol=1e-2, rtol=0)


def test_stored_sounds_are_heard_as_numbers_from_minus_one_to_one():
    stored = (tone(440.0)[None] * 16384).short()
    picture = LogMel()
    assert torch.equal(picture.of_stored(stored), picture(stored.float() / 32768))
    torch.testing.assert_close(
        picture.logarithm(picture.mel_of_stored(stored)), picture.of_stored(stored)
    )


def test_half_precision_around_it_changes_nothing():
    picture = LogMel()
    sound = tone(440.0)[None]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(picture(sound), picture(sound).float())
        inside = picture(sound)
    assert torch.equal(inside, picture(sound))
