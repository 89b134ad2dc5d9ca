"""One step of both objects: the prior alone, what is carried by what, shapes."""

import pytest
import torch

from nsca.agents.object_dynamics import ObjectDynamics, Things
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight


def dynamics(weight: float) -> ObjectDynamics:
    torch.manual_seed(0)
    return ObjectDynamics(Physics(9.81), PriorWeight(weight, 0.0, False), members=3, width=8)


@torch.no_grad()
def run(model: ObjectDynamics, things: Things, place: torch.Tensor, hand_speed: float, steps: int):
    """Places after so many steps with a hand above object 0 that moves along x, closing."""
    hand = torch.tensor([[0.0, 0.0, 0.14]])
    speed = torch.zeros(3, 1, 2, 3)
    place = place.expand(3, 1, 2, 3)
    moving = torch.tensor([[hand_speed, 0.0, 0.0]])
    for _ in range(steps):
        place, speed, contribution = model(
            place,
            speed,
            hand.expand(3, 1, 3),
            moving.expand(3, 1, 3),
            torch.ones(3, 1),
            torch.ones(3, 1, dtype=torch.bool),
            things,
        )
        hand = hand + moving * 0.0125
    return place, contribution


def things(by_object: bool) -> Things:
    rest = torch.tensor([[[0.0, 0.0, 0.02], [0.3, 0.0, 0.02]]])
    offset = torch.tensor([[[0.0, 0.0, -0.04], [0.3, 0.0, 0.0]]])
    return Things(rest, torch.tensor([[False, by_object]]), offset, torch.full((1, 2), 0.02))


PLACES = torch.tensor([[[0.0, 0.0, 0.10], [0.3, 0.0, 0.02]]])


def test_what_is_held_goes_with_the_hand_and_what_is_not_stays():
    place, contribution = run(dynamics(1.0), things(by_object=False), PLACES, 0.2, 40)
    assert place[0, 0, 0, 0] == pytest.approx(0.1, abs=0.02)
    assert place[0, 0, 1, 0] == pytest.approx(0.3, abs=1e-3)
    assert contribution.abs().max() == 0


def test_what_the_held_thing_carries_goes_with_it():
    beside = PLACES.clone()
    beside[0, 1, 2] = 0.10
    place, _ = run(dynamics(1.0), things(by_object=True), beside, 0.2, 40)
    assert place[0, 0, 1, 0] > 0.34


def test_the_corrections_count_by_the_rest_of_the_weight():
    half, contribution = run(dynamics(0.5), things(False), PLACES, 0.0, 1)
    assert contribution.shape == (3, 1, 2, 3)
    assert contribution.abs().max() > 0
    assert half.std(dim=0).max() > 0, "members differ"
