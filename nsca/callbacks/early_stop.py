"""Stops a run whose monitored figure no longer improves: Lightning's EarlyStopping, told once why.

What it watches is what the best checkpoint is chosen by (`checkpoint.monitor`, `checkpoint.mode`).
How long it has waited is part of every checkpoint, so a resumed run stops where it would have. The
learning rate is planned for `trainer.max_steps` all the same.
"""

import sys
from dataclasses import dataclass
from typing import Literal

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.callbacks.early_stopping import EarlyStoppingReason

from nsca.errors import UserError
from nsca.spelling import advice


@dataclass(frozen=True)
class EarlyStoppingSettings:
    """Root key `early_stopping`.

    Args:
        patience: validations in a row without improvement, after which the run ends; None for no
            such end.
        min_change: an improvement of less counts as none.
    """

    patience: int | None = None
    min_change: float = 0.0


class EarlyStop(EarlyStopping):
    """Ends a run as `EarlyStoppingSettings` says, or where the figure is not finite.

    Args:
        patience, min_change: as there.
        monitor: a logged validation figure.
        mode: whether less ("min") or more ("max") of it is better.
    """

    def __init__(
        self, patience: int, min_change: float, monitor: str, mode: Literal["min", "max"]
    ) -> None:
        super().__init__(monitor, min_change, patience, mode=mode, check_on_train_epoch_end=False)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A run that had stopped when it was killed has nothing left to do."""
        if self.stopping_reason != EarlyStoppingReason.NOT_STOPPED:
            trainer.should_stop = True

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Count this validation.

        Raises:
            UserError: the figure is not logged.
        """
        figures = trainer.callback_metrics
        if self.monitor not in figures and not trainer.sanity_checking:
            logged = [name for name in figures if name.startswith("val/")]
            raise UserError(
                f"early_stopping waits for checkpoint.monitor={self.monitor}, which is not logged",
                advice(self.monitor, logged, "figure"),
            )
        super().on_validation_end(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.stopping_reason == EarlyStoppingReason.NOT_STOPPED or not trainer.is_global_zero:
            return
        cause = f"has not improved in {self.wait_count} validations (best {self.best_score:.4g})"
        if self.stopping_reason == EarlyStoppingReason.NON_FINITE_METRIC:
            cause = "is not finite"
        print(
            f"stopped early at step {trainer.global_step}: {self.monitor} {cause}", file=sys.stderr
        )
