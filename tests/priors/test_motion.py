import torch

from nsca.priors.motion import advance


def test_two_half_steps_are_one_under_a_constant_acceleration():
    x, v, a = torch.randn(3, 4, 3).unbind()
    whole = advance(x, v, a, 0.1)
    halves = advance(*advance(x, v, a, 0.05), a, 0.05)
    torch.testing.assert_close(whole, halves)
