import pytest
import torch

from nsca.priors.blended_motion import BlendedMotion
from nsca.priors.gravity import Gravity
from nsca.priors.none import NoPrior
from nsca.priors.physics import Physics
from nsca.priors.state import Hand, PhysicalState
from nsca.priors.weight import PriorWeight

DT_S = 0.05


def held(weight: float) -> PriorWeight:
    return PriorWeight(weight, 0.0, learnable=False)


def thrown(rows: int = 5) -> PhysicalState:
    torch.manual_seed(0)
    return PhysicalState(torch.randn(rows, 3), torch.randn(rows, 3))


def test_the_prior_alone_falls_freely():
    model = BlendedMotion(Gravity(9.81), held(0.5), DT_S, substeps=4)
    start = thrown()
    state = start
    for _ in range(20):
        motion = model(state, None, None)
        state = PhysicalState(motion.position_m, motion.velocity_m_s)
    fallen = (start.position_m + start.velocity_m_s - state.position_m)[:, 2]
    assert fallen == pytest.approx(9.81 / 2, rel=0.01)
    assert not motion.contribution.any()


@pytest.mark.parametrize("weight", [0.0, 0.1, 0.9, 1.0])
def test_inertia_is_free_and_the_rest_is_mixed(weight):
    model = BlendedMotion(Gravity(9.81), held(weight), DT_S, substeps=1)
    state = thrown()
    up = torch.tensor([0.0, 0.0, 2.0, 0.0, 0.0, 2.0]).expand(5, 6)  # of what gravity does
    motion = model(state, None, up)
    gains = motion.velocity_m_s - state.velocity_m_s
    assert gains[:, :2].abs().max() < 1e-6
    expected = -weight * 9.81 * DT_S + (1 - weight) * 2 * 9.80665 * DT_S
    assert gains[:, 2] == pytest.approx(expected, abs=1e-5)
    drift = motion.position_m - state.position_m - DT_S * state.velocity_m_s
    assert drift[:, 2] == pytest.approx(expected * DT_S / 2, abs=1e-5)
    torch.testing.assert_close(motion.contribution, (1 - weight) * up)


def test_a_correction_can_stop_a_thing_in_the_middle_of_a_step():
    """No constant acceleration does that: place and velocity are corrected apart."""
    model = BlendedMotion(NoPrior(), held(0.0), DT_S, substeps=1)
    state = PhysicalState(torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 0.0]]))
    units = model.units(state.position_m)
    wanted = torch.tensor([-DT_S / 2, 0, 0, -1.0, 0, 0])
    motion = model(state, None, (wanted / units)[None])
    assert motion.position_m[0, 0].item() == pytest.approx(DT_S / 2)
    assert motion.velocity_m_s.abs().max() < 1e-6


def test_the_hand_carries_along_its_way_what_it_holds():
    """The prior is integrated with the hand in between, not only where it was."""
    rows = torch.zeros(1, 3)
    there = torch.tensor([[0.02, 0.0, 0.01]])
    hand = Hand(rows, rows, torch.tensor([True]), rows, torch.tensor([0.05]))
    state = PhysicalState(rows, rows, torch.tensor([-1.0]), hand)
    model = BlendedMotion(Physics(9.81), held(1.0), DT_S, substeps=4)
    carried = model(state, there, None)
    assert (carried.position_m - there).norm() < 0.7 * there.norm()
    assert (carried.velocity_m_s * there).sum() > 0
    left = model(PhysicalState(rows, rows, torch.tensor([-1.0])), None, None)
    assert left.position_m[0, 2] < -0.01


def test_a_step_needs_time():
    with pytest.raises(ValueError, match="a step of 0"):
        BlendedMotion(NoPrior(), held(0.0), 0.0, substeps=1)
