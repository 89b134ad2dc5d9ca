import torch
from priors.states import resting, roll, vectors

from nsca.priors.none import NoPrior


def test_what_moves_goes_on():
    state = resting(vectors((0.0, 0.0, 1.0)), vectors((1.0, 0.0, -2.0)))
    after = roll(NoPrior(), state, 80)
    torch.testing.assert_close(after.position_m, vectors((1.0, 0.0, -1.0)))
    torch.testing.assert_close(after.velocity_m_s, state.velocity_m_s)
