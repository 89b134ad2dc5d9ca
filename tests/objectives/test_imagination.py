"""What is imagined follows from what was seen and what is done, and from nothing else."""

from dataclasses import replace

import pytest
import torch
from phases.tiny_dynamics import AHEAD, PAST, held, held_out, tiny_phase, trained

from nsca.priors.gravity import Gravity


@pytest.mark.parametrize("linear", [False, True])
@torch.no_grad()
def test_the_future_is_imagined_from_the_past_and_what_is_done_alone(linear):
    phase = trained(5, linear=linear)
    batch = held_out(phase)
    imagined = phase.imagination(batch)
    other = replace(
        batch,
        latent=batch.latent.index_fill(1, torch.arange(PAST, PAST + AHEAD), 9.0),
        physical=batch.physical.index_fill(1, torch.arange(PAST, PAST + AHEAD), 9.0),
        action=batch.action.index_fill(1, torch.tensor([PAST + AHEAD - 1]), 9.0),
    )
    for one, again in zip(imagined, phase.imagination(other), strict=True):
        assert torch.equal(one, again)
    done = batch.action.clone()
    done[:, PAST] += 1
    changed = phase.imagination(replace(batch, action=done)).physical
    assert torch.equal(changed[:, :, 0], imagined.physical[:, :, 0])
    assert not torch.allclose(changed[:, :, 1], imagined.physical[:, :, 1])


@torch.no_grad()
def test_the_prior_alone_falls_where_nothing_carries():
    phase = tiny_phase(prior=Gravity(9.81), weight=held(0.5))
    batch = phase.example_batch(3)
    fallen = phase.imagination(batch, by_prior=True).physical[..., 2]
    last = batch.physical[:, PAST - 1]
    seconds = 0.05 * torch.arange(1, AHEAD + 1)
    expected = last[:, 2:3] + last[:, 5:6] * seconds - 9.81 / 2 * seconds**2
    torch.testing.assert_close(fallen, expected[:, None].expand_as(fallen), rtol=0.01, atol=1e-3)


def test_means_learn_from_squared_errors_alone():
    """The likelihood of `calibration` must not pull at what is foretold for the same moment."""
    phase = tiny_phase(loss_weights={"calibration": 1.0}, ahead=1)
    batch = phase.example_batch(6)
    loss, _ = phase.weighted_loss(phase.embed(batch), batch)
    loss.backward()
    last = phase.imagination.dynamics.networks[0][-1].weight.grad
    means = 8 + 6
    assert not last[:means].any()
    assert last[means:].any()
