"""Anchors: what a task needs is held, prototypes harder, as `nsca.losses.ewc` says."""

import pytest
import torch

from nsca.losses.ewc import ewc_penalty
from nsca.objectives.anchors import Anchors

HERE = {"weight": torch.ones(2, 2), "prototypes.values": torch.ones(2)}
NEEDED = {
    "weight": torch.tensor([[2.0, 0.0], [1.0, 1.0]]),
    "prototypes.values": torch.tensor([1.0, 1.0]),
}


def anchored(protection: float = 10.0, decay: float = 1.0) -> Anchors:
    anchors = Anchors(HERE, frozenset({"prototypes.values"}), protection, decay)
    anchors.anchor(HERE, NEEDED)
    return anchors


def moved(name: str) -> dict[str, torch.Tensor]:
    return {**HERE, name: HERE[name] + 0.1}


def test_the_penalty_is_that_of_ewc_and_semantic_parts_are_held_harder():
    plain, hard = anchored(1.0), anchored(10.0)
    assert plain.penalty(HERE) == 0
    expected = ewc_penalty(moved("weight"), HERE, NEEDED, 1.0)  # of mean 1 as it is
    torch.testing.assert_close(plain.penalty(moved("weight")), expected)
    torch.testing.assert_close(hard.penalty(moved("weight")), expected)
    semantic = moved("prototypes.values")
    torch.testing.assert_close(hard.penalty(semantic), 10 * plain.penalty(semantic))


def test_what_earlier_tasks_need_adds_up_and_the_anchor_is_the_newest():
    anchors, there = anchored(), moved("weight")
    once = anchors.penalty(there)
    anchors.anchor(there, NEEDED)
    assert anchors.penalty(there) == 0
    torch.testing.assert_close(anchors.penalty(HERE), 2 * once)
    forgetful = anchored(decay=0.0)
    forgetful.anchor(there, NEEDED)
    torch.testing.assert_close(forgetful.penalty(HERE), once)


def test_it_is_saved_and_restored():
    fresh = Anchors(HERE, frozenset({"prototypes.values"}), 10.0, 1.0)
    assert not fresh.set
    fresh.load_state_dict(anchored().state_dict())
    assert fresh.set
    assert fresh.penalty(moved("weight")) == anchored().penalty(moved("weight"))


def test_less_protection_than_the_rest_has_is_refused():
    with pytest.raises(ValueError, match="protection"):
        Anchors(HERE, frozenset(), 0.5, 1.0)
