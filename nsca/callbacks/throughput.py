"""Counts samples for the run card and remembers the last value of every logged figure."""

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from nsca.run_card import RunCard


class Throughput(Callback):
    """Fills a run card while training.

    Args:
        card: gets `samples` with every step, and every scalar figure after validations and at the
            end.
    """

    def __init__(self, card: RunCard) -> None:
        self.card = card

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.card.samples += len(batch)  # of all devices

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._record(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._record(trainer)

    def _record(self, trainer: Trainer) -> None:
        if trainer.sanity_checking:
            return
        figures = {name: torch.as_tensor(v) for name, v in trainer.callback_metrics.items()}
        self.card.record({name: float(v) for name, v in figures.items() if v.numel() == 1})
