"""Windows of moments in, one optimiser step an item: latents of the frozen fusion, where things
are, and what is done.
"""

import numpy as np
from jaxtyping import Int64

from nsca.data.batch import DynamicsBatch
from nsca.data.step_loader import Epoch, StepLoader
from nsca.data.windows import WindowRows
from nsca.phases.window_data import WindowData


class DynamicsSteps(StepLoader[DynamicsBatch]):
    """The windows of each step.

    Args:
        rows: of one split.
        epoch: how they are drawn.
    """

    def __init__(self, rows: WindowRows, epoch: Epoch) -> None:
        super().__init__(len(rows), epoch)
        self._windows = rows

    def gather(self, rows: Int64[np.ndarray, " batch"], drawn: int, step: int) -> DynamicsBatch:
        return self._windows.window(self._windows.starts[rows], step)


class DynamicsData(WindowData):
    """Batches of windows for the dynamics phase."""

    def loader(self, stored: WindowRows, epoch: Epoch) -> DynamicsSteps:
        return DynamicsSteps(stored, epoch)
