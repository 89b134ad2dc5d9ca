import math

import pytest
import torch

from nsca.losses.cross_modal import cross_modal_nt_xent


def slow_reference(one, other, belongs, temperature: float) -> float:
    """The definition, one anchor and one positive at a time, both ways."""

    def way(anchors, others) -> float:
        total = 0.0
        for i, anchor in enumerate(anchors):
            kernel = [
                math.exp(float(anchor @ k / anchor.norm() / k.norm()) / temperature) for k in others
            ]
            positives = [k for k in range(len(others)) if belongs[k] == belongs[i]]
            total += sum(-math.log(kernel[p] / sum(kernel)) for p in positives) / len(positives)
        return total / len(anchors)

    return (way(one, other) + way(other, one)) / 2


@pytest.mark.parametrize("belongs", [[0, 1, 2, 3, 4], [0, 0, 1, 1, 1]])
def test_equals_the_definition(belongs):
    generator = torch.Generator().manual_seed(len(set(belongs)))
    one, other = torch.randn(2, 5, 7, generator=generator)
    numbers = torch.tensor(belongs)
    expected = slow_reference(one.double(), other.double(), numbers, 0.3)
    found = cross_modal_nt_xent(one, other, numbers, 0.3)
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_collapse_costs_chance_and_agreement_nothing():
    numbers = torch.arange(6)
    collapsed = torch.ones(6, 4)
    assert cross_modal_nt_xent(collapsed, collapsed, numbers, 0.2).item() == pytest.approx(
        math.log(6), rel=1e-5
    )
    assert cross_modal_nt_xent(torch.eye(6), torch.eye(6), numbers, 0.05).item() < 1e-6


def test_one_sample_has_nothing_to_differ_from():
    with pytest.raises(ValueError, match="2 samples"):
        cross_modal_nt_xent(torch.ones(1, 3), torch.ones(1, 3), torch.zeros(1).long(), 0.2)


def test_half_precision_around_it_changes_nothing():
    one, other = torch.randn(2, 64, 32, generator=torch.Generator().manual_seed(0))
    belongs = torch.arange(64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = cross_modal_nt_xent(one, other, belongs, 0.1)
    assert torch.equal(found, cross_modal_nt_xent(one, other, belongs, 0.1))
