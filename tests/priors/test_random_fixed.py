import pytest
import torch
from priors.states import hand, resting

from nsca.priors.prior import STANDARD_GRAVITY_M_S2
from nsca.priors.random_fixed import RandomFixed
from nsca.priors.state import PhysicalState


def wild_states(count: int) -> PhysicalState:
    draw = torch.Generator().manual_seed(1)
    position, velocity, place = (torch.randn(count, 3, generator=draw) for _ in range(3))
    state = resting(position * 0.1, velocity * 0.5)
    its = hand(place * 0.1, closing=True)
    return PhysicalState(state.position_m, state.velocity_m_s, state.rest_height_m, its)


def test_it_is_as_large_as_gravity_and_points_anywhere():
    found = RandomFixed(0).acceleration(wild_states(2000))
    assert 0.6 < found.norm(dim=-1).square().mean().sqrt() / STANDARD_GRAVITY_M_S2 < 1.4
    assert found.mean(0).norm() < 0.5 * STANDARD_GRAVITY_M_S2


def test_it_is_fixed_by_its_seed_and_has_nothing_to_train():
    state = wild_states(10)
    assert torch.equal(RandomFixed(3).acceleration(state), RandomFixed(3).acceleration(state))
    assert not torch.equal(RandomFixed(3).acceleration(state), RandomFixed(4).acceleration(state))
    assert list(RandomFixed(3).parameters()) == []


@pytest.mark.parametrize("shape", [(7, 3), (2, 5, 3)])
def test_states_without_hand_or_support(shape):
    state = PhysicalState(torch.randn(shape), torch.randn(shape))
    assert RandomFixed(0).acceleration(state).shape == shape
