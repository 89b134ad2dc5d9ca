import pytest
import torch

from nsca.losses.gaussian import variance_likelihood


def test_the_best_variance_is_the_mean_squared_error():
    torch.manual_seed(0)
    error = 3 * torch.randn(10_000)
    own = error.square().mean().log()
    least = variance_likelihood(error, own.expand(10_000))
    for other in (own - 0.1, own + 0.1):
        assert variance_likelihood(error, other.expand(10_000)) > least
    assert least.item() == pytest.approx(0.5 * (own.item() + 1), abs=1e-4)


def test_the_error_gets_no_gradient():
    error = torch.ones(4, requires_grad=True)
    doubt = torch.zeros(4, requires_grad=True)
    variance_likelihood(error, doubt).backward()
    assert error.grad is None
    assert doubt.grad.abs().max() == 0, "variance 1 is right for errors of 1"
    variance_likelihood(2 * error, doubt).backward()
    assert (doubt.grad < 0).all(), "a larger error asks for a larger variance"
