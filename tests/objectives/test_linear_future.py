"""What is linear is known before networks learn; a prior and the map do not say it twice."""

from dataclasses import replace

import pytest
import torch
from phases.tiny_dynamics import (
    AHEAD,
    PAST,
    Pushed,
    first_fit,
    held,
    held_out,
    trained,
)

from nsca.data.moments import THING
from nsca.errors import UserError
from nsca.objectives.linear_future import STRENGTHS, best_strength
from nsca.phases.dynamics.module import DynamicsPhase
from nsca.priors.gravity import Gravity
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight


@torch.no_grad()
def place_error(phase: DynamicsPhase, falling: bool = False) -> tuple[float, float]:
    """Root mean square over held-out windows and horizons, in metres; and of the last state."""
    batch = held_out(phase, clips=60, falling=falling)
    true = batch.physical[:, PAST:, :3]
    told = phase.imagination(batch).physical.mean(dim=1)[..., :3]
    kept = batch.physical[:, PAST - 1 : PAST, :3]
    return float((told - true).square().mean().sqrt()), float((kept - true).square().mean().sqrt())


def test_linear_motion_is_foretold_before_any_step():
    error, kept = place_error(first_fit())
    assert error < 0.02 * kept
    assert place_error(first_fit(linear=False))[0] > 0.1 * kept


def test_it_says_what_a_prior_leaves_over():
    """Nothing falls here: a prior that says so is corrected, at the weight of the fit and below."""
    falling = first_fit(prior=Gravity(9.81), weight=held(0.9))
    assert place_error(falling)[0] < 0.02 * place_error(falling)[1]
    falling.imagination.motion.weight.fixed.fill_(0.3)
    assert place_error(falling)[0] < 0.02 * place_error(falling)[1]


@torch.no_grad()
def test_a_prior_that_answers_to_the_state_does_not_answer_to_the_map():
    """Friction and support depend on speed and height: what was left over stays left over."""
    model = first_fit(prior=Physics(9.81), weight=held(0.9)).imagination
    batch = held_out(first_fit())
    whole = model(batch).physical[..., :THING]
    alone, going = model.begun(batch, by_prior=True).thing, model.linear.going_on(batch)
    beyond = model.linear.of_thing(batch, torch.tensor(0.9), model.physical_change, alone)
    assert beyond.abs().max() > 0.01
    blend = going + 0.9 * (alone - going)
    torch.testing.assert_close(whole, (blend + beyond)[:, None].expand_as(whole))
    told = model(batch, by_prior=True).physical[..., :THING]
    torch.testing.assert_close(told, alone[:, None].expand_as(told))


def test_without_weight_the_prior_is_not_heard_and_the_map_is_plain():
    falling, plain = first_fit(prior=Gravity(9.81), weight=held(0.9)), first_fit()
    falling.imagination.motion.weight.fixed.fill_(0.0)
    batch = held_out(plain)
    one, other = (phase.imagination(batch).physical for phase in (falling, plain))
    torch.testing.assert_close(one, other, atol=2e-3, rtol=0)


@pytest.mark.parametrize("falling", [False, True])
def test_the_weight_goes_where_the_prior_explains_most(falling):
    """The map corrects whatever a weight leaves over; what is left to it tells the weight."""
    weight = PriorWeight(0.6, 0.3, learnable=True)
    source = Pushed(clips=120, falling=falling)
    phase = trained(60, source, prior=Gravity(9.81), weight=weight, linear=True)
    learned = phase.imagination.motion.weight().item()
    assert learned > 0.8 if falling else learned < 0.45
    assert place_error(phase, falling=falling)[0] < 0.02


def test_with_data_enough_the_prior_is_corrected_quantity_by_quantity():
    """Half the gravity: no weight of 0.9 is right, and what the map is told of it is enough."""
    falling = first_fit(Pushed(clips=60, falling=True), prior=Gravity(4.9), weight=held(0.9))
    error, kept = place_error(falling, falling=True)
    assert error < 0.02 * kept


PUSHED = {"source": Pushed(with_hand=True), "with_hand": True}


@pytest.mark.parametrize("prior", [{}, {"prior": Physics(9.81), "weight": held(0.9)}])
def test_what_is_done_after_a_horizon_does_not_count(prior):
    phase = first_fit(**PUSHED, **prior)
    model, batch = phase.imagination, held_out(phase, with_hand=True)
    said = model.begun(batch)
    for after in range(AHEAD):
        action = batch.action.clone()
        action[:, PAST + after :] += 10
        other = model.begun(replace(batch, action=action))
        for one, two in zip(said, other, strict=True):
            assert torch.equal(one[:, : after + 1], two[:, : after + 1])
        gained = (other.thing - said.thing)[:, after + 1 :, 3:]
        assert (gained > 1).all(), "and what is done before it does"


def test_what_is_noise_is_held_small():
    torch.manual_seed(0)
    features = torch.randn(90, 60)
    noise, told = torch.randn(90, 4), features @ torch.randn(60, 4)
    assert best_strength([features], [noise]) == STRENGTHS[-1]
    assert best_strength([features], [told]) < 0.1
    both = best_strength([features, features], [0.1 * noise, told])
    assert both < 0.1, "one for all, as what can be told of any horizon asks"


def test_windows_that_tell_nothing_are_refused():
    with pytest.raises(UserError, match="no linear map can be fitted"):
        best_strength([torch.full((9, 3), torch.nan)], [torch.zeros(9, 1)])
