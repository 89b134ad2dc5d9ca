"""Fusion, dynamics, memory and full learn from whichever senses were recorded; what a missing one
holds changes nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations, product

import numpy as np
import pytest
import torch
from phases import tiny_dynamics, tiny_full, tiny_fusion, tiny_memory
from phases.short_trainings import StepFound, last_step
from phases.tiny_dynamics import Pushed
from phases.tiny_full import Witnessed
from phases.tiny_fusion import Glowing
from phases.tiny_memory import Mirrored
from phases.tiny_vision import tiny_trainer

from nsca.data.moments import InMemory, Moments
from nsca.data.source import ProbeLabel, Split
from nsca.errors import UserError
from nsca.models.sense_names import SENSES
from nsca.phases.phase import Phase
from nsca.phases.step_data import StepData

Kept = tuple[bool, bool, bool]
Whole = Pushed | Glowing
SUBSETS = list(product([False, True], repeat=len(SENSES)))
ODD = {"vision": 255, "audio": 32_000, "proprioception": np.nan}


class Commanded(Mirrored, Witnessed):
    """Two tasks, seen, heard and felt."""


class Partly:
    """What a source has, of some senses.

    Args:
        whole: with all of them.
        kept: which, in the order of SENSES.
        odd: whether missing senses hold something that would be noticed; else those of which
            nothing is kept are not there, and the others hold 0 where they are missing.
    """

    name = "partly"
    held_out: tuple[Split, ...] = ("val",)

    def __init__(self, whole: Whole, kept: Kept, odd: bool) -> None:
        self.whole = whole
        self.kept = dict(zip(SENSES, kept, strict=True))
        self.odd = odd

    def fingerprint(self) -> str:
        return "0" * 64

    def moments(self, split: Split) -> Moments:
        found = self.whole.moments(split)
        stored, present = {}, {}
        for sense in SENSES:
            if self.kept[sense] or self.odd:
                there = found.present[sense] & self.kept[sense]
                values = found.stored[sense].rows(np.arange(len(found))).copy()
                values[~there] = ODD[sense] if self.odd else 0
                stored[sense], present[sense] = InMemory(values), there
        return replace(found, stored=stored, present=present)

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        return self.whole.moment_labels(split)


MAKE: dict[str, tuple[Callable[[], Phase], Callable[..., StepData], Whole, int]] = {
    "fusion": (tiny_fusion.tiny_phase, tiny_fusion.tiny_data, Glowing(12), 1),
    "dynamics": (tiny_dynamics.tiny_phase, tiny_dynamics.tiny_data, Witnessed(6), 1),
    # in the third step something is replayed, and a task has been anchored
    "memory": (tiny_memory.tiny_phase, tiny_memory.tiny_data, Commanded(8), 3),
    "full": (tiny_full.tiny_phase, tiny_full.tiny_data, Witnessed(6), 1),
}


@cache
def found(name: str, kept: Kept, odd: bool = False) -> StepFound:
    """The last of a few steps, and a validation."""
    make_phase, make_data, whole, steps = MAKE[name]
    source = Partly(whole, kept, odd)
    data = make_data(source=source, effective_batch=8, validation_batches=1)
    return last_step(make_phase(), data, tiny_trainer(steps))


NEEDS_ONE = frozenset({"fusion", "full"})
CASES = [(n, kept) for n, kept in product(MAKE, SUBSETS) if n not in NEEDS_ONE or any(kept)]


@pytest.mark.parametrize(("name", "kept"), CASES)
def test_every_subset_trains_and_what_a_missing_sense_holds_changes_nothing(name: str, kept: Kept):
    clean, odd = (found(name, kept, odd) for odd in (False, True))
    assert {"train/loss", "val/loss"} <= clean.metrics.keys()
    assert all(np.isfinite(value) for value in clean.metrics.values())
    assert odd.metrics == clean.metrics
    reached, also = (
        {n: gradient for n, gradient in each.gradients.items() if bool(gradient.ne(0).any())}
        for each in (clean, odd)
    )
    assert reached.keys() == also.keys() != set()
    assert [n for n in reached if not torch.equal(reached[n], also[n])] == []
    if name == "memory":
        assert {"train/replay", "train/ewc"} <= clean.metrics.keys()


@pytest.mark.parametrize("name", MAKE)
def test_every_sense_that_is_there_counts(name: str):
    losses = {kept: found(name, kept).metrics["train/loss"] for of, kept in CASES if of == name}
    same = [pair for pair in combinations(losses, 2) if losses[pair[0]] == losses[pair[1]]]
    assert same == []


@pytest.mark.parametrize("odd", [False, True])
def test_fusion_without_any_sense_is_refused(odd: bool):
    nothing = Partly(Glowing(), (False, False, False), odd)
    with pytest.raises(UserError, match=r"partly has recorded no sense.*nothing to fuse"):
        tiny_trainer(1).fit(
            tiny_fusion.tiny_phase(), datamodule=tiny_fusion.tiny_data(source=nothing)
        )


@pytest.mark.parametrize("odd", [False, True])
def test_full_without_any_sense_is_refused(odd: bool):
    nothing = Partly(Witnessed(), (False, False, False), odd)
    with pytest.raises(UserError, match=r"partly has recorded no sense.*phase=dynamics"):
        tiny_trainer(1).fit(tiny_full.tiny_phase(), datamodule=tiny_full.tiny_data(source=nothing))
