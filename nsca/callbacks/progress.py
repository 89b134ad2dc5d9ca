"""What a person sees while a run trains: a bar on a terminal, a plain line now and then in logs."""

import sys
import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

LINES_PER_RUN = 20


def progress_callback() -> Callback:
    """Return Rich's bar on a terminal and plain lines otherwise (logs, pipes, CI)."""
    return RichProgressBar(leave=True) if sys.stderr.isatty() else PlainProgress(LINES_PER_RUN)


class PlainProgress(Callback):
    """One line on stderr each time another share of the run is done, and after each validation.

    Args:
        lines: how many lines a whole run prints, validations aside.
    """

    def __init__(self, lines: int) -> None:
        self.lines = lines
        self._began = 0.0
        self._first_step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._began = time.monotonic()
        self._first_step = trainer.global_step

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step, total = trainer.global_step, int(trainer.estimated_stepping_batches)
        every = max(1, total // self.lines)
        if step % every and step != total:
            return
        pace = (step - self._first_step) / max(1e-9, time.monotonic() - self._began)
        left = (total - step) / pace if pace > 0 else 0.0
        loss = trainer.callback_metrics.get("train/loss")
        shown = f"  loss {float(loss):.4f}" if loss is not None else ""
        self._print(trainer, f"step {step}/{total}{shown}  {pace:.1f} steps/s  {left:.0f} s left")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        figures = {n: float(v) for n, v in trainer.callback_metrics.items() if n.startswith("val/")}
        shown = "  ".join(f"{name[4:]} {value:.4f}" for name, value in sorted(figures.items()))
        self._print(trainer, f"step {trainer.global_step} validation: {shown}")

    def _print(self, trainer: Trainer, text: str) -> None:
        if trainer.is_global_zero:
            print(text, file=sys.stderr, flush=True)
