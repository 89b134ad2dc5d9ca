"""The dynamics phase; `python -m phases.dynamics.test_module` in tests/ rewrites golden losses."""

import pytest
import torch
from phases.short_trainings import check_golden, gradient, ten_steps, write_golden
from phases.tiny_driving import Shaken, driving_phase
from phases.tiny_dynamics import (
    AHEAD,
    PAST,
    WEIGHTS,
    Bent,
    Pushed,
    held,
    held_out,
    tiny_data,
    tiny_phase,
    trained,
)
from phases.tiny_vision import tiny_trainer

from nsca.errors import UserError
from nsca.models.temporal import Temporal
from nsca.phases.optimizer import OptimizerSettings
from nsca.priors.gravity import Gravity
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight


def golden_steps() -> list[dict[str, float]]:
    """With gradient caching, a prior whose weight learns, and a linear map below."""
    return ten_steps(
        tiny_phase(
            micro_batch=10,
            prior=Gravity(9.81),
            weight=PriorWeight(0.9, 0.3, learnable=True),
            linear=True,
            optimizer=OptimizerSettings(learning_rate=2e-2),
        ),
        tiny_data(source=Bent()),
    )


def golden_driving_steps() -> list[dict[str, float]]:
    """Of what drives, as `phase=driving_dynamics` sets it up: no prior, no loss on the latent."""
    return ten_steps(
        driving_phase(
            micro_batch=10,
            linear=True,
            optimizer=OptimizerSettings(learning_rate=2e-2),
            loss_weights={**WEIGHTS, "latent": 0.0},
        ),
        tiny_data(source=Shaken()),
    )


def test_golden_losses():
    check_golden("dynamics", golden_steps())


def test_golden_losses_of_what_drives():
    check_golden("driving_dynamics", golden_driving_steps())


def test_gradient_caching_gives_the_gradient_of_the_full_batch():
    full, cached = (
        gradient(
            tiny_phase(prior=Physics(9.81), weight=held(0.5), micro_batch=micro_batch), tiny_data()
        )
        for micro_batch in (64, 7)
    )
    assert (cached - full).norm() / full.norm() < 1e-5


@torch.no_grad()
def test_it_learns_what_a_command_does_at_every_horizon():
    phase = trained(300)
    batch = held_out(phase, clips=60)
    mean, deviation = phase.imagination.summary(phase.imagination(batch))
    true, last = batch.physical[:, PAST:], batch.physical[:, PAST - 1 : PAST]
    moving = [0, 1, 3, 4]
    ours, copy = ((each - true)[..., moving].square().mean(0) for each in (mean, last))
    assert (ours < 0.5 * copy).all(), ours / copy
    off = (mean - true)[..., moving] / deviation[..., moving]
    # its doubt shrinks later than its errors, which here have no noise to stop at
    assert 0.1 < off.square().mean().sqrt() < 3, "it knows about how far off it is"


def test_a_hand_is_imagined_too_and_the_physics_prior_takes_it():
    phase = trained(
        20,
        Pushed(with_hand=True),
        prior=Physics(9.81),
        weight=PriorWeight(0.9, 0.3, learnable=True),
    )
    batch = held_out(phase, with_hand=True)
    imagined = phase.imagination(batch)
    assert imagined.physical.shape == (72, 2, AHEAD, 13)
    assert torch.isfinite(imagined.physical).all()
    assert phase.imagination.motion.weight().item() != pytest.approx(0.9, abs=1e-4)


def test_frozen_parts_stay_as_they_are():
    phase = tiny_phase()
    before = {name: value.clone() for name, value in phase.state_dict().items()}
    tiny_trainer(3, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    after = phase.state_dict()
    still = [n for n in before if n.startswith(("encoder.", "senses.vision", "senses.audio"))]
    assert len(still) > 40
    assert all(torch.equal(before[name], after[name]) for name in still)
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert any(name.startswith("imagination.temporal.") for name in moved)
    assert any(name.startswith("imagination.dynamics.") for name in moved)


def test_parts_that_do_not_fit_and_other_intervals_are_named():
    short = Temporal(n_in=9, n_inner=16, n_heads=2, n_layers=1, n_moments=3)
    with pytest.raises(ValueError, match=r"temporal.n_in is 9, not 18"):
        tiny_phase(temporal=short)
    with pytest.raises(UserError, match=r"moments are 0.05 s apart, and .* take 0.1 s"):
        tiny_trainer(1, limit_val_batches=0).fit(tiny_phase(dt_s=0.1), datamodule=tiny_data())
    known = tiny_phase(dt_s=0.1)
    known.imagination.latents.fitted.fill_(True)  # as trained ones come
    with pytest.raises(UserError, match=r"moments are 0.05 s apart, and .* take 0.1 s"):
        tiny_trainer(1, limit_val_batches=0).fit(known, datamodule=tiny_data())


if __name__ == "__main__":
    write_golden("dynamics", golden_steps())
    write_golden("driving_dynamics", golden_driving_steps())
