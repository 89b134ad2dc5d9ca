"""A loader whose items are optimiser steps, each a pure function of (seed, step)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Int64

from nsca.data.batch import Batch
from nsca.data.curriculum import Thirds
from nsca.data.sample_order import sample_order

BatchT = TypeVar("BatchT", bound=Batch)

VALIDATION_SEED_OFFSET = 1_000_003
"""Validation views are drawn from another stream than training views of the same step."""


@dataclass(frozen=True)
class Epoch:
    """How the rows of an epoch are drawn.

    Attributes:
        seed: of the choice of rows.
        batch: rows a step.
        steps: batches an epoch.
        first_step: asked at the start of each epoch for the optimiser steps done so far.
        repeats: whether every epoch shows the batches of the first one (overfitting on purpose,
            validation).
        thirds: the curriculum; None for all rows from the first step.
    """

    seed: int
    batch: int
    steps: int
    first_step: Callable[[], int]
    repeats: bool = False
    thirds: Thirds | None = None

    def rows(self, count: int, step: int) -> Int64[np.ndarray, " batch"]:
        """Return which of so many rows a step sees."""
        if self.thirds is None:
            return sample_order(self.seed, step, count, self.batch)
        return self.thirds.rows(self.seed, step, self.batch)


class StepLoader(ABC, Generic[BatchT]):
    """The batches of one epoch, from the current step to the epoch's end.

    A gather of rows in memory costs under a millisecond: a DataLoader's workers would only add
    copies.

    Args:
        rows: how many there are to draw from.
        epoch: how they are drawn.
    """

    def __init__(self, rows: int, epoch: Epoch) -> None:
        self._rows = rows
        self.epoch = epoch

    @abstractmethod
    def gather(self, rows: Int64[np.ndarray, " batch"], drawn: int, step: int) -> BatchT:
        """Return what one step sees.

        Args:
            rows: that it sees.
            drawn: the step that they were drawn for, which anything else that belongs to the rows
                is drawn for too; an earlier one where epochs repeat.
            step: the optimiser step.
        """

    def step_batch(self, step: int) -> BatchT:
        """Return the batch of an optimiser step."""
        drawn = step % len(self) if self.epoch.repeats else step
        return self.gather(self.drawn_rows(drawn), drawn, step)

    def drawn_rows(self, drawn: int) -> Int64[np.ndarray, " batch"]:
        """Return the rows that are drawn for a step."""
        return self.epoch.rows(self._rows, drawn)

    def __len__(self) -> int:
        return self.epoch.steps

    def __iter__(self) -> Iterator[BatchT]:
        first, steps = self.epoch.first_step(), len(self)
        for step in range(first, first + steps - first % steps):
            yield self.step_batch(step)

    def state_dict(self) -> dict[str, int]:
        """Return nothing: where the loader stands follows from the optimiser steps done.

        With `load_state_dict` it tells Lightning that this loader resumes in the middle of an
        epoch.
        """
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Take nothing from a checkpoint."""
