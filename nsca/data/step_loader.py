"""A loader whose items are optimiser steps, each a pure function of (seed, step)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from nsca.data.batch import Batch

BatchT = TypeVar("BatchT", bound=Batch)

VALIDATION_SEED_OFFSET = 1_000_003
"""Validation views are drawn from another stream than training views of the same step."""


class StepLoader(ABC, Generic[BatchT]):
    """The batches of one epoch, from the current step to the epoch's end.

    A gather of rows in memory costs under a millisecond: a DataLoader's workers would only add
    copies.

    Args:
        steps: batches an epoch.
        first_step: asked at the start of each epoch for the optimiser steps done so far.
    """

    def __init__(self, steps: int, first_step: Callable[[], int]) -> None:
        self._steps = steps
        self._first_step = first_step

    @abstractmethod
    def step_batch(self, step: int) -> BatchT:
        """Return what one step sees."""

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[BatchT]:
        first = self._first_step()
        for step in range(first, first + self._steps - first % self._steps):
            yield self.step_batch(step)

    def state_dict(self) -> dict[str, int]:
        """Return nothing: where the loader stands follows from the optimiser steps done.

        With `load_state_dict` it tells Lightning that this loader resumes in the middle of an
        epoch.
        """
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Take nothing from a checkpoint."""
