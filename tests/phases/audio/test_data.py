"""Sounds in, views out: a function of seed and step, whatever was killed in between."""

import numpy as np
import pytest
import torch
from phases.short_trainings import batches_seen
from phases.tiny_audio import BANDS, DyingTones, tiny_data, tiny_phase
from phases.tiny_vision import MovingShapes

from nsca.data.curriculum import quietness
from nsca.data.step_loader import Epoch
from nsca.errors import UserError
from nsca.models.log_mel import LogMel
from nsca.phases.audio.data import SoundSteps


def seen(max_steps: int, **how: object) -> list[tuple[int, float]]:
    def fingerprint(batch) -> float:
        return batch.second.double().sum().item()

    return batches_seen(tiny_phase(), tiny_data(), max_steps, fingerprint, **how)


def test_batches_hold_stored_sounds():
    sounds = DyingTones().sounds("train")
    steps = SoundSteps(sounds, Epoch(seed=0, batch=32, steps=3, first_step=lambda: 0), BANDS)
    stored = list(LogMel(BANDS).mel_of_stored(torch.from_numpy(sounds.samples)))
    batches = list(steps)
    assert [batch.step for batch in batches] == [0, 1, 2]
    assert batches[0].mel.shape == (32, *stored[0].shape)
    seen = torch.cat([batch.mel for batch in batches]).flatten(1)
    apart = torch.cdist(
        seen, torch.stack(stored).flatten(1), compute_mode="donot_use_mm_for_euclid_dist"
    )
    assert (apart.amin(dim=1) < 1e-6 * apart.mean()).all()
    assert apart.argmin(dim=1).sort().values.tolist() == list(range(len(stored))), (
        "an epoch shows every sound once"
    )


def test_a_resumed_run_sees_what_an_uninterrupted_one_would(tmp_path):
    whole = seen(5)
    assert [step for step, _ in whole] == list(range(5))
    seen(2, save=tmp_path / "a.ckpt")  # in the middle of an epoch of 3
    assert seen(5, checkpoint=tmp_path / "a.ckpt") == whole[2:]


def test_overfitting_repeats_its_batches():
    views = seen(3, overfit_batches=1, limit_val_batches=0)
    assert len({figure for _, figure in views}) == 3, "views differ"
    epoch = Epoch(seed=0, batch=32, steps=1, first_step=lambda: 1, repeats=True)
    steps = SoundSteps(DyingTones().sounds("train"), epoch, BANDS)
    assert torch.equal(steps.step_batch(0).mel, steps.step_batch(1).mel)


class Unjudged(DyingTones):
    """Has one sound to validate on."""

    def sounds(self, split):
        return DyingTones(1 if split == "val" else 96).sounds(split)


def test_what_cannot_be_trained_on_is_refused():
    with pytest.raises(UserError, match=r"12 training sounds.*effective_batch=12"):
        tiny_data(source=DyingTones(12)).setup("fit")
    with pytest.raises(ValueError, match="at least 2"):
        tiny_data(effective_batch=1)
    with pytest.raises(UserError, match=r"moving_shapes has no sounds.*data=audio_folder"):
        tiny_data(source=MovingShapes())
    with pytest.raises(UserError, match="fewer than 2 validation sounds"):
        tiny_data(source=Unjudged()).setup("fit")


def test_sounds_are_loaded_once_and_shown_with_their_labels():
    data = tiny_data()
    assert data.stored("val") is data.stored("val")
    samples, labels = data.shown("val")
    assert len(samples) == len(labels["pitch"].values)


def test_quiet_sounds_come_later():
    data = tiny_data()
    stored = data.stored("train")
    assert np.array_equal(data.difficulty(stored), quietness(stored.samples))
