"""Optimiser steps: of any phase through Lightning's Trainer, of vision beside a bare loop.

The bare loop does the same on the same batches (gather, augment, embed, losses, gradient, clip,
Muon) with nothing around it, and tells what part of a step the input pipeline takes. It takes turns
with the Trainer, a few steps each, in one process: a machine that slows down for a moment slows
both. The Trainer comes as `nsca.train` builds it, with loggers and what watches a training, without
validation and checkpoints; how much of its time it waits for the next batch is the input pipeline's
share, with what callbacks do in between.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from omegaconf import DictConfig

from nsca.assembly import build_data, build_phase
from nsca.callbacks.diagnosis import LoaderWait
from nsca.callbacks.progress import progress_callback
from nsca.callbacks.throughput import Throughput
from nsca.data.sample_order import steps_per_epoch
from nsca.data.step_loader import Epoch
from nsca.data.views import make_views
from nsca.phases.optimizer import build_optimizer
from nsca.phases.phase import Phase
from nsca.phases.vision.data import VisionData
from nsca.run_directory import RunDirectory
from nsca.training import build_trainer, watchers
from nsca.verb import compose

WARM_STEPS = 5
BLOCK_STEPS = 5  # of the Trainer, and then of the bare loop
PLANNED_STEPS = 2000  # of which the first are timed: a shorter run would log more often


class Clock(Callback):
    """Notes when the warm-up steps are over, when training ends, and the waits between steps."""

    def __init__(self) -> None:
        self.started = self.ended = 0.0
        self.wait = LoaderWait(time.perf_counter)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: object, batch_idx: int
    ) -> None:
        """A wait is over."""
        self.wait.batch_arrived()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Start the clock after the last warm-up step, and stop it again after every later one."""
        self.wait.step_done()
        self.ended = time.perf_counter()
        if trainer.global_step == WARM_STEPS:
            self.started = self.ended
            self.wait.take_share()  # from here on


def configuration(phase: str, data: Path, batch: int, outputs: Path) -> DictConfig:
    """A phase of the tiny model on a babbling set, its batch in memory at once."""
    return compose(
        "train",
        [
            f"phase={phase}",
            "model=nsca_tiny",
            "hardware=cpu",
            "data=babbling",
            f"data.path={data}",
            f"outputs={outputs}",
            f"effective_batch={batch}",
            f"hardware.micro_batch.default={batch}",
            f"trainer.max_steps={PLANNED_STEPS}",
            "trainer.limit_val_batches=0",
        ],
    )


class BareLoop:
    """The vision phase's steps with nothing around them.

    Args:
        phase: vision.
        data: of it.
        clip: the largest norm of the gradient.

    Attributes:
        input_s: the seconds that making batches has taken since the first few steps.
    """

    def __init__(self, phase: Phase, data: VisionData, clip: float) -> None:
        self.phase, self.data, self.clip = phase.train(), data, clip
        frames = self.data.source.frames("train")
        batch = self.data.effective_batch
        epoch = Epoch(self.data.seed, batch, steps_per_epoch(len(frames), batch), lambda: 0)
        self.batches = self.data.loader(frames, epoch)
        self.optimizer = build_optimizer(self.phase, self.phase.optimizer_settings)
        self.done = 0
        self.input_s = 0.0
        self.take(WARM_STEPS)
        self.input_s = 0.0

    def take(self, steps: int) -> float:
        """Make so many steps; the seconds that they took."""
        started = time.perf_counter()
        for _ in range(steps):
            begun = time.perf_counter()
            batch = make_views(
                self.batches.step_batch(self.done), self.data.augmentation, self.data.seed
            )
            self.input_s += time.perf_counter() - begun
            loss, _ = self.phase.weighted_loss(self.phase.embed(batch), batch)
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.phase.parameters(), self.clip)
            self.optimizer.step()
            self.done += 1
        return time.perf_counter() - started


class Turns(Callback):
    """After every block of the Trainer's steps the bare loop makes as many."""

    def __init__(self, bare: BareLoop) -> None:
        self.bare = bare
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self.started = 0.0

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Time a block that is complete, and then the same steps without a Trainer."""
        past_warm = trainer.global_step - WARM_STEPS
        if past_warm < 0 or past_warm % BLOCK_STEPS:
            return
        if past_warm:
            self.ours.append(time.perf_counter() - self.started)
            self.theirs.append(self.bare.take(BLOCK_STEPS))
        self.started = time.perf_counter()


def compare(ours: list[float], theirs: list[float], input_s: float) -> dict[str, float]:
    """Steps/s of both, the ratio of a block to its neighbour (median, quartiles), the input.

    Args:
        ours: the seconds of every block of the Trainer.
        theirs: those of the bare loop's block after it.
        input_s: the seconds of all of the latter that went into making batches.

    Raises:
        ValueError: when there are no two blocks.
    """
    ratios = [bare / block for block, bare in zip(ours, theirs, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {
        "steps_per_s": BLOCK_STEPS / statistics.median(ours),
        "bare_steps_per_s": BLOCK_STEPS / statistics.median(theirs),
        "ratio": middle,
        "ratio_low": low,
        "ratio_high": high,
        "input_share": input_s / sum(theirs),
    }


def fit(cfg: DictConfig, callback: Callback, steps: int) -> None:
    """Begin to train as `nsca.train` does, with one callback more, for so many steps."""
    run = RunDirectory.claim(Path(cfg.outputs), "bench")
    card = run.card("train", int(cfg.seed))
    with card:
        looking = [Throughput(card), *watchers(cfg), progress_callback()]
        trainer = build_trainer(cfg, run.path, [callback, *looking])
        # it ends early, and logs as the planned run does
        trainer.fit_loop.epoch_loop.max_steps = WARM_STEPS + steps
        trainer.fit(build_phase(cfg), datamodule=build_data(cfg))
    run.release()


def turns_figures(cfg: DictConfig, steps: int) -> dict[str, float]:
    """What vision's steps cost through the Trainer and without it."""
    torch.manual_seed(int(cfg.seed))
    phase, data = build_phase(cfg), build_data(cfg)
    if not isinstance(data, VisionData):
        raise TypeError(f"expected the vision phase's data, got {type(data).__name__}")
    turns = Turns(BareLoop(phase, data, float(cfg.trainer.gradient_clip_val)))
    fit(cfg, turns, steps)
    return compare(turns.ours, turns.theirs, turns.bare.input_s)


def trainer_figures(cfg: DictConfig, steps: int) -> dict[str, float]:
    """Steps/s of `Trainer.fit`, and the share of its time in which it waits for a batch."""
    clock = Clock()
    fit(cfg, clock, steps)
    return {
        "steps_per_s": steps / (clock.ended - clock.started),
        "input_share": clock.wait.take_share(),
    }


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a babbling data set")
    parser.add_argument("--phase", default="vision", help="any that learns from babbling")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=100, help="after the first few")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nsca-bench-") as outputs:
        cfg = configuration(options.phase, options.data, options.batch, Path(outputs))
        measure = turns_figures if options.phase == "vision" else trainer_figures
        figures = measure(cfg, options.steps)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
