import pytest
import torch
from priors.states import GRIP_OFFSET_M, hand, resting, roll, vectors

from nsca.priors.physics import FRICTION, Physics, is_held
from nsca.priors.state import PhysicalState

PHYSICS = Physics(9.81)
OFFSET = torch.tensor(GRIP_OFFSET_M)


def with_hand(state: PhysicalState, position, velocity=None, closing=False) -> PhysicalState:
    its = hand(position, velocity, closing)
    return PhysicalState(state.position_m, state.velocity_m_s, state.rest_height_m, its)


def test_free_fall_is_gravity_until_the_support():
    state = resting(vectors((0.0, 0.0, 4.9 + 0.02)))
    after = roll(PHYSICS, state, 80)
    assert after.position_m[0, 2].item() == pytest.approx(0.02 + 4.9 - 9.81 / 2, rel=0.01)
    alone = PhysicalState(state.position_m, state.velocity_m_s)
    torch.testing.assert_close(PHYSICS.acceleration(alone), vectors((0.0, 0.0, -9.81)))


def test_what_rests_stays():
    state = resting(vectors((0.3, -0.1, 0.02)))
    assert PHYSICS.acceleration(state).abs().max() < 1e-5
    torch.testing.assert_close(roll(PHYSICS, state, 400).position_m, state.position_m)


def test_what_falls_comes_to_rest_without_a_bounce_or_sinking_through():
    state = resting(vectors((0.0, 0.0, 0.52)))
    highest = 0.0
    for step in range(200):
        state = roll(PHYSICS, state, 1)
        if step > 40:  # it lands after 0.32 s
            highest = max(highest, state.position_m[0, 2].item())
    assert highest < 0.025
    assert state.position_m[0, 2].item() == pytest.approx(0.02, abs=1.5e-3)
    assert state.velocity_m_s.abs().max() < 1e-2


def test_coulomb_friction_stops_a_slide_after_its_distance():
    state = resting(vectors((0.0, 0.0, 0.02)), vectors((0.8, 0.6, 0.0)))
    after = roll(PHYSICS, state, 160)
    slid = after.position_m[0, :2].norm().item()
    assert slid == pytest.approx(1.0 / (2 * FRICTION * 9.81), rel=0.05)
    assert after.velocity_m_s.norm() < 1e-3
    torch.testing.assert_close(after.position_m[0, 1] / after.position_m[0, 0], torch.tensor(0.75))


def test_nothing_slows_what_flies():
    state = resting(vectors((0.0, 0.0, 1.0)), vectors((1.0, 0.0, 0.0)))
    assert roll(PHYSICS, state, 20).velocity_m_s[0, 0].item() == pytest.approx(1.0)


@pytest.mark.parametrize("lag", [(0.015, 0.0, 0.0), (0.0, -0.01, 0.02), (0.0, 0.0, -0.025)])
def test_the_grip_pulls_a_perturbed_object_back(lag):
    """Contractive: wherever it starts in the grip, and however it moves, the error goes."""
    place = vectors((0.1, 0.2, 0.3))
    start = place + OFFSET + vectors(lag)
    state = PhysicalState(start, vectors((0.1, -0.1, 0.1)), torch.tensor([0.02]))
    state = with_hand(state, place, vectors((0.2, 0.0, 0.1)), closing=True)
    errors = []
    for _ in range(80):
        assert bool(is_held(state))
        state = roll(PHYSICS, state, 1, hand_moves=True)
        errors.append((state.position_m - state.hand.position_m - OFFSET).norm().item())
    assert errors[15] < 0.3 * 0.03
    assert errors[-1] < 1e-6
    torch.testing.assert_close(state.velocity_m_s, state.hand.velocity_m_s)


def test_an_open_hand_lets_go_and_a_far_one_holds_nothing():
    state = PhysicalState(vectors((0, 0, 0.5), (0, 0, 0.5)), torch.zeros(2, 3))
    near = vectors((0, 0, 0.537), (0, 0.2, 0.537))
    assert is_held(with_hand(state, near, closing=True)).tolist() == [True, False]
    assert is_held(with_hand(state, near)).tolist() == [False, False]
    assert is_held(state).tolist() == [False, False]
    falling = PHYSICS.acceleration(with_hand(state, near))
    torch.testing.assert_close(falling[:, 2], torch.full((2,), -9.81))


def test_a_hand_pushes_level_and_never_pulls():
    state = resting(vectors((0.02, 0.0, 0.02), (0.02, 0.0, 0.02), (0.02, 0.0, 0.02)))
    beside = vectors(*[(0.0, 0.0, 0.057)] * 3)
    towards, away, down = (0.3, 0.0, 0.0), (-0.3, 0.0, 0.0), (0.0, 0.0, -0.3)
    pushed = PHYSICS.acceleration(with_hand(state, beside, vectors(towards, away, down)))
    assert pushed[0, 0] > 5
    torch.testing.assert_close(pushed[1:], torch.zeros(2, 3), atol=1e-4, rtol=0)
    assert pushed[:, 2].abs().max() < 1e-4


def test_a_hand_that_moves_on_takes_the_object_along():
    state = with_hand(
        resting(vectors((0.02, 0.0, 0.02))), vectors((0.0, 0.0, 0.057)), vectors((0.3, 0.0, 0.0))
    )
    after = roll(PHYSICS, state, 80, hand_moves=True)
    ahead = after.position_m[0, 0] - after.hand.position_m[0, 0]
    assert 0.01 < ahead.item() < 0.02, "it slips while it is set in motion, and then no more"
    assert after.velocity_m_s[0, 0].item() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("dt_scale", [1, 2])
def test_it_stays_finite_from_wild_states(dt_scale):
    draw = torch.Generator().manual_seed(0)
    position = torch.randn(500, 3, generator=draw) * 0.1
    state = resting(position, torch.randn(500, 3, generator=draw) * 3)
    state = with_hand(state, torch.randn(500, 3, generator=draw) * 0.05, closing=True)
    after = roll(PHYSICS, state, 200 * dt_scale)
    assert after.position_m.isfinite().all()
    assert (after.position_m[:, 2] > -0.2).all()
