"""Items are optimiser steps: an epoch begins where training stands."""

from dataclasses import dataclass

from nsca.data.batch import Batch
from nsca.data.step_loader import StepLoader


@dataclass(frozen=True)
class Numbered(Batch):
    step: int


class Numbers(StepLoader[Numbered]):
    def step_batch(self, step: int) -> Numbered:
        return Numbered(step)


def test_an_epoch_runs_from_the_current_step_to_its_end():
    done = 0
    loader = Numbers(steps=4, first_step=lambda: done)
    assert len(loader) == 4
    assert [batch.step for batch in loader] == [0, 1, 2, 3]
    done = 6
    assert [batch.step for batch in loader] == [6, 7]
    done = 8
    assert [batch.step for batch in loader] == [8, 9, 10, 11]


def test_it_says_that_it_resumes_and_has_nothing_to_keep():
    loader = Numbers(steps=4, first_step=lambda: 0)
    assert loader.state_dict() == {}
    loader.load_state_dict({})
