import math

import pytest
import torch

from nsca.losses.vicreg import covariance, invariance, variance


def some_views(n_views: int = 3) -> torch.Tensor:
    return torch.randn(n_views, 6, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("n_views", [2, 3])
def test_invariance_equals_the_mean_over_pairs(n_views):
    views = some_views(n_views)
    pairs = [(u, v) for u in range(n_views) for v in range(n_views) if u != v]
    slow = sum((views[u] - views[v]).square().mean() for u, v in pairs) / len(pairs)
    assert torch.allclose(invariance(views), slow, rtol=1e-5)


def test_invariance_by_hand():
    views = torch.tensor([[[0.0, 0.0]], [[3.0, 1.0]]])
    assert invariance(views).item() == pytest.approx((9 + 1) / 2)


def test_variance_by_hand():
    # Feature 0 has unbiased variance 2 (std above target), feature 1 is constant.
    views = torch.tensor([[[0.0, 5.0], [2.0, 5.0]]])
    constant = 1 - math.sqrt(1e-4)
    assert variance(views).item() == pytest.approx((0 + constant) / 2, rel=1e-5)


def test_variance_is_averaged_over_views():
    # The stated convention: adding a copy of a view changes nothing (a sum would double).
    one = 0.1 * some_views(1)
    assert torch.allclose(variance(one), variance(one.repeat(2, 1, 1)))
    assert torch.allclose(covariance(one), covariance(one.repeat(2, 1, 1)))


def test_variance_pushes_a_collapsed_feature_apart():
    views = (1e-3 * some_views()).requires_grad_()
    variance(views).backward()
    moved = views.detach() - 1e-3 * views.grad
    assert moved.std(dim=1).mean() > views.std(dim=1).mean()
    assert torch.isfinite(views.grad).all()


def test_covariance_equals_the_slow_sum():
    views = some_views()
    slow = 0.0
    for view in views:
        matrix = torch.cov(view.T)
        slow += sum(matrix[j, k] ** 2 for j in range(4) for k in range(4) if j != k) / 4
    assert torch.allclose(covariance(views), torch.as_tensor(slow / len(views)), rtol=1e-5)


def test_covariance_of_a_copied_feature():
    feature = torch.tensor([-1.0, 0.0, 1.0])
    views = torch.stack([feature, feature], dim=1)[None]
    # Cov = 1 off the diagonal, twice, over two features.
    assert covariance(views).item() == pytest.approx(1.0)
    independent = torch.tensor([[[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]])
    assert covariance(independent).item() == pytest.approx(0.0, abs=1e-7)


def test_invariance_needs_two_views():
    with pytest.raises(ValueError, match="2 views"):
        invariance(some_views(1))


def test_half_precision_around_it_changes_no_covariance():
    views = 20 * torch.randn(2, 64, 32, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = covariance(views)
    assert torch.equal(found, covariance(views))
