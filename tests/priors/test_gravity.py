import pytest
import torch
from priors.states import roll, vectors

from nsca.priors.gravity import Gravity
from nsca.priors.state import PhysicalState


@pytest.mark.parametrize("gravity_m_s2", [9.81, 1.62, -9.81])
def test_a_second_of_free_fall_within_one_percent(gravity_m_s2):
    state = PhysicalState(vectors((0.1, 0.2, 3.0)), vectors((0.5, 0.0, 1.0)))
    after = roll(Gravity(gravity_m_s2), state, 80)  # 12.5 ms each
    moved = after.position_m - state.position_m
    expected = 1.0 - gravity_m_s2 / 2
    assert moved[0, 2].item() == pytest.approx(expected, abs=0.01 * abs(gravity_m_s2 / 2))
    # the step is exact for a constant acceleration: much better than asked for
    assert moved[0, 2].item() == pytest.approx(expected, abs=1e-4)
    torch.testing.assert_close(moved[0, :2], torch.tensor([0.5, 0.0]))


def test_any_batch():
    state = PhysicalState(torch.zeros(4, 2, 3), torch.ones(4, 2, 3))
    assert Gravity(9.81).acceleration(state).shape == (4, 2, 3)
