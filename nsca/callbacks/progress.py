"""What a person sees while a run trains: a bar on a terminal, a plain line now and then in logs."""

import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

LINES_PER_RUN = 20
NUMBERED = (
    3  # figures that differ in a number alone: of more of them (horizons) the last is printed
)


def progress_callback() -> Callback:
    """Return Rich's bar on a terminal and plain lines otherwise (logs, pipes, CI)."""
    return RichProgressBar(leave=True) if sys.stderr.isatty() else PlainProgress(LINES_PER_RUN)


class PlainProgress(Callback):
    """One line on stderr each time another share of the run is done, and after each validation.

    Lines stand where losses are logged, so that the loss in a line is that step's.

    Args:
        lines: about how many lines a whole run prints, validations and the last step aside.
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
        logged = trainer.log_every_n_steps
        every = max(1, round(total / (self.lines * logged))) * logged
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
        shown = "  ".join(f"{name[4:]} {figures[name]:.4f}" for name in _to_print(figures))
        self._print(trainer, f"step {trainer.global_step} validation: {shown}")

    def _print(self, trainer: Trainer, text: str) -> None:
        if trainer.is_global_zero:
            print(text, file=sys.stderr, flush=True)


def _to_print(names: Iterable[str]) -> list[str]:
    """The names in order, and of `place_m_1` to `place_m_10` the last."""
    numbers: dict[str, list[int]] = defaultdict(list)
    plain = []
    for name in names:
        stem, _, number = name.rpartition("_")
        if stem and number.isdigit():
            numbers[stem].append(int(number))
        else:
            plain.append(name)
    for stem, found in numbers.items():
        kept = sorted(found) if len(found) <= NUMBERED else [max(found)]
        plain += [f"{stem}_{number}" for number in kept]
    return sorted(plain)
