"""Prototypes: silent at first, then each speaks for its own kind of past."""

import pytest
import torch

from nsca.models.prototypes import Prototypes

CENTRES = torch.tensor([[5.0, 0, 0], [0, 5, 0], [0, 0, 5]])


def grouped(count: int) -> torch.Tensor:
    noise = torch.randn(count, 3, generator=torch.Generator().manual_seed(0))
    return CENTRES[torch.arange(count) % 3] + 0.1 * noise


def consolidated(count: int = 3) -> Prototypes:
    prototypes = Prototypes(count=count, width=3)
    prototypes.consolidate(grouped(60), seed=0)
    return prototypes


def test_nothing_is_said_before_anything_was_consolidated():
    prototypes = Prototypes(count=4, width=3)
    with torch.no_grad():
        prototypes.values.fill_(1.0)
    context = torch.randn(5, 3)
    assert torch.equal(prototypes(context), context)
    assert not prototypes.consolidated


def test_keys_are_the_middles_of_groups():
    prototypes = consolidated()
    order = prototypes.keys.argmax(dim=1).argsort()
    torch.testing.assert_close(prototypes.keys[order], CENTRES, atol=0.1, rtol=0)
    assert prototypes.held.sum() == 60


def test_what_is_learned_about_one_kind_of_past_leaves_others_alone():
    prototypes = consolidated()
    context = CENTRES.clone()
    prototypes(context)[0].sum().backward()
    told = prototypes.values.grad.abs().sum(dim=1)
    own = prototypes.keys.argmax(dim=1) == 0
    assert told[own] > 2.9
    assert told[~own].max() < 1e-6


def test_more_prototypes_than_pasts_and_none_near_are_silent():
    prototypes = Prototypes(count=8, width=3)
    prototypes.consolidate(grouped(3), seed=0)
    assert (prototypes.held > 0).sum() == 3
    with torch.no_grad():
        prototypes.values[prototypes.held == 0] = 100.0
    torch.testing.assert_close(prototypes(CENTRES), CENTRES)
    assert torch.isfinite(prototypes.keys).all()


def test_a_later_consolidation_goes_on_from_the_groups_there_are():
    prototypes = consolidated()
    before = prototypes.keys.clone()
    prototypes.consolidate(grouped(60) + 0.5, seed=1)
    torch.testing.assert_close(prototypes.keys, before + 0.5, atol=0.01, rtol=0)


def test_a_sample_does_not_depend_on_its_batch():
    prototypes = consolidated()
    with torch.no_grad():
        prototypes.values.normal_()
    context = torch.randn(6, 3)
    torch.testing.assert_close(prototypes(context)[2:3], prototypes(context[2:3]))


def test_no_prototypes_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Prototypes(count=0, width=3)
