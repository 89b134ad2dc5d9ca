import math

import pytest
import torch

from nsca.losses.nt_xent import nt_xent


def slow_reference(views: torch.Tensor, temperature: float) -> float:
    """The definition, one anchor and one positive at a time."""
    n_views, n_samples = views.shape[:2]
    z = {(v, i): views[v, i] / views[v, i].norm() for v in range(n_views) for i in range(n_samples)}

    def kernel(a, b) -> float:
        return math.exp(float(z[a] @ z[b]) / temperature)

    total = 0.0
    for anchor in z:
        everyone = sum(kernel(anchor, other) for other in z if other != anchor)
        positives = [(v, anchor[1]) for v in range(n_views) if v != anchor[0]]
        total += sum(-math.log(kernel(anchor, p) / everyone) for p in positives) / len(positives)
    return total / len(z)


@pytest.mark.parametrize(("n_views", "temperature"), [(2, 0.5), (2, 0.1), (3, 0.3)])
def test_equals_the_definition(n_views, temperature):
    views = torch.randn(n_views, 5, 7, generator=torch.Generator().manual_seed(n_views))
    expected = slow_reference(views.double(), temperature)
    assert nt_xent(views, temperature).item() == pytest.approx(expected, rel=1e-5)


def test_hand_computed_value():
    # Two orthogonal samples, both views equal: each anchor has similarities 1 (positive), 0, 0.
    views = torch.eye(2).expand(2, 2, 2)
    expected = math.log((math.exp(2) + 2) / math.exp(2))
    assert nt_xent(views, temperature=0.5).item() == pytest.approx(expected, rel=1e-6)


def test_collapse_costs_chance():
    assert nt_xent(torch.ones(2, 8, 4), 0.2).item() == pytest.approx(math.log(15), rel=1e-5)


def test_length_does_not_matter_and_swapped_partners_do():
    views = torch.randn(1, 6, 8, generator=torch.Generator().manual_seed(0)).repeat(2, 1, 1)
    matched = nt_xent(views, 0.2)
    assert torch.allclose(nt_xent(3 * views, 0.2), matched, atol=1e-6)
    mismatched = torch.stack([views[0], views[1].roll(1, dims=0)])
    assert nt_xent(mismatched, 0.2) > matched + 1


@pytest.mark.parametrize(
    ("shape", "temperature"), [((1, 4, 3), 1.0), ((2, 1, 3), 1.0), ((2, 4, 3), 0.0)]
)
def test_refuses_what_has_no_meaning(shape, temperature):
    with pytest.raises(ValueError, match="NT-Xent needs"):
        nt_xent(torch.randn(shape), temperature)


def test_half_precision_around_it_changes_nothing():
    views = torch.randn(2, 64, 32, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = nt_xent(views, 0.1)
    assert torch.equal(found, nt_xent(views, 0.1))
