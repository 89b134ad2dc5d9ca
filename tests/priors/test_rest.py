import torch
from priors.states import resting, roll, vectors

from nsca.priors.rest import Rest


def test_what_moves_stops_where_it_is_and_what_is_lifted_does_not_fall():
    state = resting(vectors((0.0, 0.0, 1.0)), vectors((1.0, 0.0, -2.0)))
    after = roll(Rest(), state, 80)
    assert after.velocity_m_s.abs().max() < 1e-6
    moved_m = after.position_m - state.position_m
    # 1/25 s of its way, less in steps of 12.5 ms
    torch.testing.assert_close(moved_m, vectors((0.034, 0.0, -0.068)), rtol=0, atol=1e-3)
