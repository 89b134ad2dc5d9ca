"""A data module over rows in memory: one item of its loaders is one optimiser step."""

from abc import ABC, abstractmethod
from collections.abc import Sized
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from jaxtyping import Float
from lightning import LightningDataModule, Trainer

from nsca.data.curriculum import Curriculum, Thirds, in_thirds
from nsca.data.sample_order import steps_per_epoch
from nsca.data.source import Split
from nsca.data.step_loader import VALIDATION_SEED_OFFSET, Epoch, StepLoader
from nsca.errors import UserError

StoredT = TypeVar("StoredT", bound=Sized)


class StepData(LightningDataModule, ABC, Generic[StoredT]):
    """Training steps from the one that training stands at, and the same validation every time.

    Args:
        name: of the source, for messages.
        effective_batch: samples an optimiser step, whatever the hardware holds at once.
        seed: of the run.
        validation_batches: at most so many batches of the validation split are scored.
        curriculum: whether training rows come in by difficulty; None for all from the start.

    Raises:
        ValueError: a batch of fewer than two samples, which have nothing to differ from.
    """

    rows: ClassVar[str]

    def __init__(
        self,
        name: str,
        effective_batch: int,
        seed: int,
        validation_batches: int,
        curriculum: Curriculum | None = None,
    ) -> None:
        super().__init__()
        if effective_batch < 2:
            raise ValueError(f"effective_batch must be at least 2, got {effective_batch}")
        self._name = name
        self.effective_batch = effective_batch
        self.seed = seed
        self.validation_batches = validation_batches
        self.curriculum = curriculum or Curriculum()
        self._stored: dict[Split, StoredT] = {}

    @abstractmethod
    def load(self, split: Split) -> StoredT:
        """Return the rows of a split. Raises UserError as the source does."""

    @abstractmethod
    def loader(self, stored: StoredT, epoch: Epoch) -> StepLoader[Any]:
        """Return the loader of an epoch over the rows of a split."""

    def difficulty(self, stored: StoredT) -> Float[np.ndarray, " row"]:
        """Return how difficult each row is. Raises UserError where nothing is known of it."""
        raise UserError(
            f"{self._name} does not say which {self.rows} are easy",
            "data_module.curriculum.enabled=false",
        )

    def stored(self, split: Split) -> StoredT:
        """Return the rows of a split, loaded once."""
        if split not in self._stored:
            self._stored[split] = self.load(split)
        return self._stored[split]

    def setup(self, stage: str) -> None:
        """Load both splits. Raises UserError where the first rows do not fill a batch."""
        count = len(self.stored("train"))
        if count < self.effective_batch:
            raise UserError(
                f"{self._name} has {count} training {self.rows}, fewer than the effective batch "
                f"of {self.effective_batch}",
                f"set effective_batch={max(2, count)} or less, or add {self.rows}",
            )
        if len(self.stored("val")) < 2:
            raise UserError(
                f"{self._name} has fewer than 2 validation {self.rows}",
                f"add {self.rows} to the validation split",
            )
        if self.curriculum.enabled and count // 3 < self.effective_batch:
            raise UserError(
                f"the easiest third of {self._name} is {count // 3} {self.rows}, fewer than the "
                f"effective batch of {self.effective_batch}",
                "a smaller effective_batch, or data_module.curriculum.enabled=false",
            )

    def train_dataloader(self) -> StepLoader[Any]:
        trainer = self._trainer()
        stored = self.stored("train")
        steps = steps_per_epoch(len(stored), self.effective_batch)
        if overfit := trainer.overfit_batches:
            steps = min(steps, overfit if overfit >= 1 else max(1, int(steps * overfit)))
        epoch = Epoch(
            self.seed,
            self.effective_batch,
            int(steps),
            first_step=lambda: trainer.global_step,
            repeats=bool(overfit),
            thirds=self._thirds(stored),
        )
        return self.loader(stored, epoch)

    def val_dataloader(self) -> StepLoader[Any]:
        stored = self.stored("val")
        batch = min(self.effective_batch, len(stored))
        epoch = Epoch(
            self.seed + VALIDATION_SEED_OFFSET,
            batch,
            min(self.validation_batches, steps_per_epoch(len(stored), batch)),
            first_step=lambda: 0,
            repeats=True,
        )
        return self.loader(stored, epoch)

    def _thirds(self, stored: StoredT) -> Thirds | None:
        if not self.curriculum.enabled:
            return None
        return in_thirds(self.difficulty(stored), self.curriculum)

    def view_seed(self) -> int:
        """The seed of the views that are made now."""
        return self.seed if self._trainer().training else self.seed + VALIDATION_SEED_OFFSET

    def _trainer(self) -> Trainer:
        if self.trainer is None:
            raise RuntimeError("the data module is not attached to a Trainer")
        return self.trainer
