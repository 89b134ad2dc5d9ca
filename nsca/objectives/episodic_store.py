"""What was lived through, as it was: a reservoir of windows, saved with the weights.

Reservoir sampling (Vitter 1985, algorithm R): of everything that was ever offered, each window is
kept as likely as any other. Which one goes follows from the random numbers that the caller gives.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from nsca.data.batch import TaskBatch


class EpisodicStore(nn.Module):
    """Windows.

    Args:
        capacity: windows kept, at least 1.
        example: of the shapes of a window: a batch.
    """

    latent: Tensor
    physical: Tensor
    action: Tensor
    task: Tensor
    offered: Tensor

    def __init__(self, capacity: int, example: TaskBatch) -> None:
        super().__init__()
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, got {capacity}")
        self.capacity = capacity
        for name in ("latent", "physical", "action", "task"):
            rows = getattr(example, name)
            self.register_buffer(name, rows.new_zeros(capacity, *rows.shape[1:]))
        self.register_buffer("offered", torch.zeros((), dtype=torch.int64))

    def __len__(self) -> int:
        return min(int(self.offered), self.capacity)

    def offer(self, batch: TaskBatch, rng: np.random.Generator) -> None:
        """Show windows, one after the other; some are kept."""
        before = int(self.offered)
        self.offered += len(batch)
        ordinal = np.arange(before, before + len(batch))
        places = np.where(ordinal < self.capacity, ordinal, rng.integers(0, ordinal + 1))
        row_at = {int(p): row for row, p in enumerate(places) if p < self.capacity}  # last wins
        if not row_at:
            return
        device = self.task.device
        to, of = (torch.tensor(list(each), device=device) for each in (row_at, row_at.values()))
        for name in ("latent", "physical", "action", "task"):
            getattr(self, name)[to] = getattr(batch, name)[of]

    def draw(self, count: int, rng: np.random.Generator) -> TaskBatch:
        """Return so many windows, each at most once where there are enough.

        Raises:
            ValueError: nothing is stored.
        """
        if not len(self):
            raise ValueError("nothing is stored yet")
        return self._rows(rng.choice(len(self), count, replace=count > len(self)))

    def of_tasks(self, tasks: Collection[int], most: int) -> TaskBatch:
        """Return stored windows of these tasks, at most so many."""
        task = self.task[: len(self)].cpu().numpy()
        return self._rows(np.flatnonzero(np.isin(task, list(tasks)))[:most])

    def all(self) -> TaskBatch:
        """Return everything that is stored."""
        return self._rows(np.arange(len(self)))

    def _rows(self, rows: np.ndarray) -> TaskBatch:
        at = torch.from_numpy(rows).to(self.task.device)
        return TaskBatch(
            latent=self.latent[at],
            physical=self.physical[at],
            action=self.action[at],
            step=0,
            task=self.task[at],
            replayed=torch.ones(len(rows), dtype=torch.bool, device=at.device),
        )


def joined(first: TaskBatch, then: TaskBatch) -> TaskBatch:
    """Return the windows of both as a batch; the step is that of the first."""
    pairs = first.tensors().items()
    return replace(first, **{n: torch.cat([rows, getattr(then, n)]) for n, rows in pairs})
