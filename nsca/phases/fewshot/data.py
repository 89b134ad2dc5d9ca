"""Windows of demonstrations in, one optimiser step an item."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int64
from lightning import LightningDataModule

from nsca.agents.scene import scene_facts
from nsca.agents.windows import Windows, windows
from nsca.data.demonstration_source import DemonstrationSplit
from nsca.data.sample_order import steps_per_epoch
from nsca.data.step_loader import Epoch, StepLoader


class WindowSteps(StepLoader[Windows]):
    """Which windows a step sees follows from (seed, step).

    Args:
        source: all windows.
        epoch: how they are drawn.
    """

    def __init__(self, source: Windows, epoch: Epoch) -> None:
        super().__init__(len(source), epoch)
        self._source = source

    def gather(self, rows: Int64[np.ndarray, " batch"], drawn: int, step: int) -> Windows:
        return replace(self._source.take(torch.tensor(rows)), step=step)


class FewShotData(LightningDataModule):
    """Windows of demonstrations.

    Args:
        source: a set, and how much of it is learned from.
        effective_batch: windows an optimiser step; all of them where there are fewer.
        seed: of the run.
    """

    def __init__(self, *, source: DemonstrationSplit, effective_batch: int, seed: int) -> None:
        super().__init__()
        self.source = source
        self.effective_batch = effective_batch
        self.seed = seed

    def setup(self, stage: str) -> None:
        """Cut the windows; facts of the objects come from what is learned from alone."""
        shown, held_out = self.source.train(), self.source.val()
        facts = scene_facts(shown)
        self._train = windows(shown, facts)
        self._val = windows(held_out, facts) if held_out else self._train

    @property
    def batch(self) -> int:
        """Windows that an optimiser step really has; known after `setup`."""
        return min(self.effective_batch, len(self._train))

    def first_steps(self, steps: int) -> WindowSteps:
        """The batches of a training of so many steps, across epochs, without a Trainer."""
        return WindowSteps(self._train, Epoch(self.seed, self.batch, steps, lambda: 0))

    def train_dataloader(self) -> WindowSteps:
        trainer = self.trainer
        if trainer is None:
            raise RuntimeError("the data module is not attached to a Trainer")
        steps = steps_per_epoch(len(self._train), self.batch)
        if overfit := trainer.overfit_batches:
            steps = min(steps, max(1, int(overfit if overfit >= 1 else steps * overfit)))
        epoch = Epoch(self.seed, self.batch, steps, lambda: trainer.global_step)
        return WindowSteps(self._train, epoch)

    def val_dataloader(self) -> WindowSteps:
        return WindowSteps(self._val, Epoch(self.seed, len(self._val), 1, lambda: 0))
