"""A prior and a linear map foretell together, and do not say the same thing twice."""

from dataclasses import replace

import pytest
import torch
from phases.tiny_dynamics import (
    AHEAD,
    PAST,
    Bent,
    Pushed,
    first_fit,
    held,
    held_out,
    tiny_data,
    trained,
)

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import THING
from nsca.objectives.first_forecast import Begun, beyond_going_on
from nsca.objectives.imagination import Imagination
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


def begun(model: Imagination, batch: DynamicsBatch, by_prior: bool = False) -> Begun:
    return model.first(batch, model.motion, model.physical_change, by_prior)


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
    alone, going = begun(model, batch, by_prior=True).thing, model.first.linear.going_on(batch)
    beyond = model.first.linear.of_thing(batch, torch.tensor(0.9), model.physical_change, alone)
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
    said = begun(model, batch)
    for after in range(AHEAD):
        action = batch.action.clone()
        action[:, PAST + after :] += 10
        other = begun(model, replace(batch, action=action))
        for one, two in zip(said, other, strict=True):
            assert torch.equal(one[:, : after + 1], two[:, : after + 1])
        gained = (other.thing - said.thing)[:, after + 1 :, 3:]
        assert (gained > 1).all(), "and what is done before it does"


def test_what_the_map_leaves_is_the_unit_of_what_networks_correct():
    """Before any step as much is left as was counted, and less than is there to be foretold."""
    phase = first_fit(Bent(clips=60))
    model, rows = phase.imagination, tiny_data(source=Bent(clips=60))
    rows.pack(phase.senses, phase.encoder)
    batch = rows.stored("train").spread()
    off = batch.physical[:, PAST:, :THING] - begun(model, batch).thing
    torch.testing.assert_close(
        off.square().mean(dim=0).sqrt(), model.first.thing_left, rtol=1e-3, atol=1e-3
    )
    assert (model.first.thing_left[:, 3:] > 0.01).all(), "something is left"
    assert (model.first.thing_left < model.physical_change).all()


def test_what_goes_on_at_its_velocity_needs_no_step():
    """A push of 1 m/s at the second of three steps, of half a second each."""
    way = torch.tensor([[0.0, 0, 0, 0, 0, 0], [0.2, 0, 0, 1, 0, 0], [0.7, 0, 0, 1, 0, 0]])
    steps = beyond_going_on(way, 0.5)
    torch.testing.assert_close(steps[[0, 2]], torch.zeros(2, 6))
    torch.testing.assert_close(steps[1], way[1])
