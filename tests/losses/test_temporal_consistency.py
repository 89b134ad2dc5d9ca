import pytest
import torch

from nsca.losses.temporal_consistency import temporal_consistency


def test_by_hand():
    now = torch.tensor([[0.0, 1.0], [2.0, 2.0]])
    near = torch.tensor([[1.0, 1.0], [2.0, 5.0]])
    assert temporal_consistency(now, near).item() == pytest.approx((1 + 0 + 0 + 9) / 4)


def test_same_embeddings_cost_nothing_and_a_constant_minimises_it():
    now = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert temporal_consistency(now, now).item() == 0.0
    assert temporal_consistency(0 * now, 0 * now.flip(0)).item() == 0.0
    assert temporal_consistency(now, now.flip(0)).item() > 0.1


def test_the_gradient_pulls_both_together():
    now, near = torch.zeros(1, 2, requires_grad=True), torch.ones(1, 2, requires_grad=True)
    temporal_consistency(now, near).backward()
    assert (now.grad < 0).all()
    assert (near.grad > 0).all()
