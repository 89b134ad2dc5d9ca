"""Each augmentation does what it is called, and the same (seed, step, view) the same."""

import math
from dataclasses import replace

import pytest
import torch

from nsca.data.sound_augmentation import (
    SoundAugmentation,
    augment_sound,
    draw_sound_parameters,
)
from nsca.models.log_mel import RATE_HZ, LogMel

STILL = SoundAugmentation(0.0, 1.0, 1.0, 0.0, (-120.0, -120.0), (-120.0, -120.0))


def clicks(*at_s: float, hertz: float = 1000.0) -> torch.Tensor:
    """A second with short tones that begin there."""
    times = torch.arange(RATE_HZ) / RATE_HZ
    sound = torch.zeros(RATE_HZ)
    for begin in at_s:
        held = (times >= begin) & (times < begin + 0.05)
        sound += held * torch.sin(2 * math.pi * hertz * times)
    return sound


def plain(sound: torch.Tensor) -> torch.Tensor:
    return LogMel().mel(LogMel().power(sound))


def view(sound: torch.Tensor, **changes: object) -> torch.Tensor:
    """Mel power of a sound under parameters that change nothing but these."""
    parameters = draw_sound_parameters(STILL, seed=0, step=0, view=0, samples=len(sound))
    values = {
        name: torch.full((len(sound),), float(value)) if name != "mate" else value
        for name, value in changes.items()
    }
    return augment_sound(plain(sound), LogMel(), replace(parameters, **values))


def onset(mel: torch.Tensor) -> int:
    loudness = mel.sum(dim=1)[0]
    return int((loudness > 0.5 * loudness.max()).float().argmax())


def band_of(mel: torch.Tensor) -> int:
    return int(mel.sum(dim=2)[0].argmax())


def test_without_ranges_nothing_changes():
    sound = clicks(0.3)[None]
    torch.testing.assert_close(view(sound), plain(sound), atol=1e-9, rtol=1e-3)


def test_shift_stretch_pitch_and_loudness_do_what_they_are_called():
    sound = clicks(0.3)[None]
    still = view(sound)
    assert onset(view(sound, shift=20)) == onset(still) + 20
    assert onset(view(sound, shift=-20)) == onset(still) - 20
    assert onset(view(sound, stretch=1.5)) == pytest.approx(1.5 * onset(still), abs=1)
    assert band_of(view(sound, stretch=1.5)) == band_of(still)
    higher = view(sound, pitch=1.25)
    assert band_of(higher) == band_of(plain(clicks(0.3, hertz=1250.0)[None])) > band_of(still)
    assert onset(higher) == pytest.approx(onset(still), abs=1)
    assert higher.sum().item() == pytest.approx(1.25 * still.sum().item(), rel=0.2), (
        "bands are wider up there"
    )
    torch.testing.assert_close(view(sound, gain=4.0), 4 * still)
    assert view(sound, shift=200).sum() < 1e-6 * still.sum(), "what leaves is lost"


def test_the_background_is_as_loud_as_asked_whatever_the_other_sound_is():
    loud, soft = clicks(0.2), 0.01 * clicks(0.7, hertz=3000.0)
    both = torch.stack([loud, soft])
    mixed = view(both, background=0.1, mate=torch.tensor([1, 0]))
    added = mixed - plain(both)
    assert (added[0].sum() / mixed[0].sum()).item() == pytest.approx(0.1 / 1.1, rel=0.01)
    assert int(added[0].sum(dim=0).argmax()) == pytest.approx(72, abs=3), "where the other one is"
    hissing = view(both, hiss=0.1) - plain(both)
    assert (hissing.mean(dim=(1, 2)) / plain(both).mean(dim=(1, 2))).tolist() == (
        pytest.approx([0.1, 0.1], rel=0.05)
    )


def test_silence_stays_silence():
    assert view(torch.zeros(2, RATE_HZ), background=0.1, hiss=0.1).eq(0).all()


def test_the_same_arguments_are_the_same_view_and_others_are_not():
    mel = plain(torch.stack([clicks(0.1), clicks(0.5)]))

    def once(**where: int) -> torch.Tensor:
        drawn = draw_sound_parameters(
            SoundAugmentation(), **{"seed": 1, "step": 2, "view": 0, "samples": 2, **where}
        )
        return augment_sound(mel, LogMel(), drawn)

    assert torch.equal(once(), once())
    for where in ({"seed": 2}, {"step": 3}, {"view": 1}):
        assert not torch.allclose(once(), once(**where))


@pytest.mark.parametrize("wrong", [{"shift_s": -1.0}, {"pitch": 0.9}, {"hiss_db": (-10.0, -20.0)}])
def test_impossible_ranges_are_refused(wrong):
    with pytest.raises(ValueError, match=r"shifts are|levels run"):
        SoundAugmentation(**wrong)
