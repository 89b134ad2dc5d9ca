"""Items are optimiser steps: an epoch begins where training stands."""

from dataclasses import dataclass

import numpy as np

from nsca.data.batch import Batch
from nsca.data.step_loader import Epoch, StepLoader


@dataclass(frozen=True)
class Numbered(Batch):
    rows: list[int]
    drawn: int
    step: int


class Numbers(StepLoader[Numbered]):
    def gather(self, rows: np.ndarray, drawn: int, step: int) -> Numbered:
        return Numbered(rows.tolist(), drawn, step)


def test_an_epoch_runs_from_the_current_step_to_its_end():
    done = 0
    loader = Numbers(8, Epoch(seed=0, batch=2, steps=4, first_step=lambda: done))
    assert len(loader) == 4
    assert [batch.step for batch in loader] == [0, 1, 2, 3]
    done = 6
    assert [batch.step for batch in loader] == [6, 7]
    done = 8
    assert [batch.step for batch in loader] == [8, 9, 10, 11]


def test_an_epoch_shows_every_row_once_and_the_next_in_another_order():
    loader = Numbers(8, Epoch(seed=0, batch=2, steps=4, first_step=lambda: 0))
    steps = [loader.step_batch(step).rows for step in range(8)]
    first, second = ([row for rows in steps[at : at + 4] for row in rows] for at in (0, 4))
    assert sorted(first) == sorted(second) == list(range(8))
    assert first != second


def test_epochs_repeat_where_asked():
    loader = Numbers(8, Epoch(seed=0, batch=2, steps=2, first_step=lambda: 0, repeats=True))
    batches = [loader.step_batch(step) for step in range(4)]
    assert [batch.drawn for batch in batches] == [0, 1, 0, 1]
    assert [batch.step for batch in batches] == [0, 1, 2, 3]
    assert batches[0].rows == batches[2].rows != batches[1].rows


def test_it_says_that_it_resumes_and_has_nothing_to_keep():
    loader = Numbers(8, Epoch(seed=0, batch=2, steps=4, first_step=lambda: 0))
    assert loader.state_dict() == {}
    loader.load_state_dict({})
