"""Checkpoints every k steps and at the best validations, taken where resuming is exact.

Where several processes train, all call the same saves; rank 0 decides on them, writes and speaks.

Everything is saved at the start of a training batch: then the step before is complete, with its
metric rows and its validation. Lightning's own progress counters are brought to the state "all of
it done, nothing begun" in the saved file, because restored mid-step counters shift its validation
schedule by one.
"""

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from nsca.checkpoint import (
    HEADER_KEY,
    CheckpointHeader,
    DamagedCheckpointError,
    all_finite,
    checkpoint_path,
    checkpoints_of,
    read_header,
)
from nsca.ranks import ranks_of
from nsca.rng_state import capture_rng, restore_rng
from nsca.run_card import RunCard, versions
from nsca.spelling import advice


@dataclass(frozen=True)
class CheckpointSettings:
    """Root key `checkpoint`.

    Args:
        every_steps: optimiser steps between two checkpoints to resume from.
        keep_last: how many of those stay on disk.
        keep_best: how many stay by `monitor`; 0 for none.
        monitor: a logged validation figure.
        mode: whether less ("min") or more ("max") of it is better.
    """

    every_steps: int
    keep_last: int
    keep_best: int
    monitor: str
    mode: Literal["min", "max"]


@dataclass(frozen=True)
class Origin:
    """What the header of every checkpoint of a run says.

    Args:
        phase: `_target_` of the phase.
        fingerprint: of the configuration.
        config: resolved.
    """

    phase: str
    fingerprint: str
    config: dict[str, Any]


class StopRequest:
    """A wish to stop: at once before training begins, later after the current step.

    Before the first step nothing can be lost, and asking frozen encoders for the features of a
    large set takes minutes. A sweep of learning rates saves nothing and is left at once, too.

    Args:
        alone: whether this process trains by itself; others would wait for one that leaves at once.

    Attributes:
        signal: number of the signal that asked for it, None while nobody has.
        at_once: whether `ask` raises.
        listen: takes the signals again (see `graceful_stop`).
    """

    def __init__(self, alone: bool = False) -> None:
        self.signal: int | None = None
        self.at_once = alone
        self.listen: Callable[[], None] = _nobody_else_listens

    def doing(self) -> str:
        """What a signal leads to now."""
        if self.at_once:
            return "nothing has been trained yet, leaving"
        return "finishing this step and saving"

    def ask(self, number: int) -> None:
        """Note the wish. Raises StoppedOnRequest where nothing has been trained yet."""
        self.signal = number
        if self.at_once:
            raise StoppedOnRequest(number)


def _nobody_else_listens() -> None:
    """Where no signal handlers were installed there is nothing to take again."""


class StoppedOnRequest(BaseException):
    """An order, not an error: nothing on its way out of `trainer.fit` takes it for one.

    Raised once everything is saved. `exit_code` is 128 plus the signal.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(f"stopped by signal {signal}")
        self.exit_code = 128 + signal


class Checkpointing(Callback):
    """Saves, keeps the right files, restores random numbers, and stops on request.

    Args:
        run: the run directory; rank 0 alone looks into it.
        settings: when and how many.
        origin: for the headers.
        stop: polled at the start of every batch; of whichever rank, it stops all.
        card: gets the sample count up to date with each save; None for none.
    """

    def __init__(
        self,
        run: Path,
        settings: CheckpointSettings,
        origin: Origin,
        stop: StopRequest,
        card: RunCard | None = None,
    ) -> None:
        self.run = run
        self.settings = settings
        self.origin = origin
        self.stop = stop
        self.card = card
        self._rng: dict[str, Any] | None = None
        self._figure: float | None = None
        self._saved_step: int | None = None
        self._missed_monitor = False

    # When training begins Lightning puts a handler before ours that ends the run in the middle of a
    # step, unsaved and with exit code 0.
    def on_sanity_check_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.stop.listen()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.stop.at_once = False
        self.stop.listen()

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        self._rng = checkpoint.get("rng")
        self._saved_step = int(checkpoint["global_step"])

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint["rng"] = capture_rng()
        _settle_counters(checkpoint["loops"]["fit_loop"], trainer.global_step)
        header = CheckpointHeader(
            step=trainer.global_step,
            phase=self.origin.phase,
            fingerprint=self.origin.fingerprint,
            config=self.origin.config,
            figure=self._figure,
            versions=versions(),
        )
        checkpoint[HEADER_KEY] = asdict(header)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        value = trainer.callback_metrics.get(self.settings.monitor)
        finite = value is not None and bool(torch.isfinite(value))
        self._figure = float(value) if finite and value is not None else None
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        if value is None and not self._missed_monitor:
            self._missed_monitor = True
            logged = [name for name in trainer.callback_metrics if name.startswith("val/")]
            monitor = self.settings.monitor
            print(
                f"WARNING: checkpoint.monitor={monitor} is not logged, so no checkpoint is kept as "
                f"the best; {advice(monitor, logged, 'figure')}",
                file=sys.stderr,
                flush=True,
            )

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Lightning derives the step that loggers see from a counter that resuming can shift.
        trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step
        if self._rng is not None:
            restore_rng(self._rng)
            self._rng = None
        step = trainer.global_step
        due = step > 0 and step % self.settings.every_steps == 0
        best = trainer.is_global_zero and self._is_among_best()
        # what another rank saw of the files, or of a signal, would leave it alone with a save
        best, signal = ranks_of(trainer).most(int(best), self.stop.signal or 0)
        if due or best or (signal and step > 0):
            self.save(trainer)
        self._figure = None
        if signal:
            raise StoppedOnRequest(signal)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.save(trainer)

    def save(self, trainer: Trainer) -> None:
        """Write this step's checkpoint unless it exists or the weights are not finite."""
        step = trainer.global_step
        if step == self._saved_step or trainer.fast_dev_run:
            return
        if not all_finite(trainer.strategy.lightning_module_state_dict()):
            if trainer.is_global_zero:
                print(
                    f"WARNING: the weights are not finite at step {step}: not saved, the last good "
                    "checkpoint is kept; lower the learning rate or look at the data",
                    file=sys.stderr,
                    flush=True,
                )
            return
        trainer.save_checkpoint(checkpoint_path(self.run, step))
        self._saved_step = step
        if self.card is not None:
            self.card.update()
        if trainer.is_global_zero:
            self._remove_superfluous()

    def _is_among_best(self) -> bool:
        if self._figure is None or self.settings.keep_best == 0:
            return False
        kept = sorted(self._figures().values(), reverse=self.settings.mode == "max")
        if len(kept) < self.settings.keep_best:
            return True
        worst = kept[self.settings.keep_best - 1]
        return self._figure > worst if self.settings.mode == "max" else self._figure < worst

    def _figures(self) -> dict[Path, float]:
        return figures_of(self.run)

    def _remove_superfluous(self) -> None:
        paths = checkpoints_of(self.run)
        figures = self._figures()
        best = sorted(figures, key=lambda p: figures[p], reverse=self.settings.mode == "max")
        kept = {*paths[: self.settings.keep_last], *best[: self.settings.keep_best]}
        for path in paths:
            if path not in kept:
                path.unlink(missing_ok=True)


def figures_of(run: Path) -> dict[Path, float]:
    """Return the monitored figure of each checkpoint of a run that has one, oldest first."""
    found = {}
    for path in reversed(checkpoints_of(run)):
        try:
            figure = read_header(path).figure
        except DamagedCheckpointError:
            continue  # named by valid_checkpoints when somebody wants to load it
        if figure is not None:
            found[path] = figure
    return found


def _settle_counters(fit_loop: dict[str, Any], step: int) -> None:
    """Make saved progress say: `step` batches completed, none begun."""
    progress = fit_loop["epoch_loop.batch_progress"]
    progress["is_last_batch"] = False
    for part, done in (("total", step), ("current", progress["current"]["completed"])):
        progress[part] = dict.fromkeys(progress[part], done)
