"""Stretches as they were recorded, with views: a function of seed and step."""

import pytest
import torch
from phases.short_trainings import batches_seen
from phases.tiny_audio import BANDS
from phases.tiny_dynamics import AHEAD, PAST
from phases.tiny_full import Witnessed, tiny_data, tiny_phase
from phases.tiny_vision import MovingShapes, tiny_trainer

from nsca.errors import UserError


def a_step(step: int = 0, **changes):
    data = tiny_data(**changes)
    data.setup("fit")
    data.trainer = tiny_trainer(1)
    return data, data.train_dataloader().step_batch(step)


def test_a_stretch_has_every_sense_at_every_moment():
    _, batch = a_step()
    assert batch.pictures.shape == (12, PAST + AHEAD, 64, 64, 3)
    assert batch.there.shape == (12, PAST + AHEAD, 3)
    assert batch.body.shape == (12, PAST + AHEAD, 4)
    # the body tells the first two places, which the pictures show
    torch.testing.assert_close(batch.body[..., :2], batch.physical[..., :2])
    rows = batch.pictures[..., 0].float().mean(dim=3).argmax(dim=2)
    expected = (24 + 100 * batch.physical[..., 0]).clamp(0, 48).long()
    assert torch.equal(rows, expected)
    assert (batch.kept & ~batch.there[:, PAST - 1]).sum() == 0


def test_views_are_of_moments_that_are_seen_and_follow_from_the_step():
    data, batch = a_step()
    views, again = (data.on_after_batch_transfer(batch, 0) for _ in range(2))
    assert torch.equal(views.first, again.first)
    assert torch.equal(views.first_sound, again.first_sound)
    assert views.first.shape == (12, 3, 64, 64)
    assert views.clean_sound.shape[:2] == (12, BANDS)
    assert not torch.equal(views.first, views.second)
    _, later = a_step(1)
    assert not torch.equal(data.on_after_batch_transfer(later, 0).first, views.first)


def test_a_missing_sense_holds_nothing_that_others_could_hear_in_the_background():
    _, batch = a_step()
    silent = ~batch.there[..., 1]
    assert silent.any()
    assert not batch.heard[silent].any()
    assert batch.heard[~silent].any(dim=-1).all()


def test_without_pictures_and_sounds_there_are_no_views():
    data, batch = a_step(source=Witnessed(lacking=("vision", "audio")))
    made = data.on_after_batch_transfer(batch, 0)
    assert made.pictures is made.heard is made.first is made.first_sound is None


def test_a_resumed_run_sees_what_an_uninterrupted_one_would(tmp_path):
    def seen(steps: int, **how: object) -> list[tuple[int, float]]:
        return batches_seen(
            tiny_phase(),
            tiny_data(),
            steps,
            lambda b: b.second.double().sum().item() + b.kept.sum().item(),
            limit_val_batches=0,
            **how,
        )

    whole = seen(4)
    assert len({fingerprint for _, fingerprint in whole}) == 4
    seen(2, save=tmp_path / "a.ckpt")
    assert seen(4, checkpoint=tmp_path / "a.ckpt") == whole[2:]


def test_bad_sources_are_named():
    with pytest.raises(UserError, match="one sense alone"):
        tiny_data(source=MovingShapes())
    with pytest.raises(ValueError, match=r"drop must be in \[0, 1\)"):
        tiny_data(drop=1.0)
