"""Optimiser steps: of any phase through Lightning's Trainer, of vision also in a bare loop.

The bare loop does the same on the same batches (gather, augment, embed, losses, gradient, clip,
Muon) with nothing around it, and tells what part of a step the input pipeline takes. The Trainer
comes as `nsca.train` builds it, loggers and callbacks included, without validation; how much of its
time it waits for the next batch is the input pipeline's share, with what callbacks do in between.
"""

import argparse
import json
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
from nsca.phases.vision.data import VisionData
from nsca.run_directory import RunDirectory
from nsca.training import build_trainer
from nsca.verb import compose

WARM_STEPS = 5


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


def configuration(phase: str, data: Path, batch: int, steps: int, outputs: Path) -> DictConfig:
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
            f"trainer.max_steps={WARM_STEPS + steps}",
            "trainer.limit_val_batches=0",
        ],
    )


def trainer_figures(cfg: DictConfig, steps: int) -> dict[str, float]:
    """Steps/s of `Trainer.fit`, and the share of its time in which it waits for a batch."""
    run = RunDirectory.claim(Path(cfg.outputs), "bench")
    card = run.card("train", int(cfg.seed))
    clock = Clock()
    with card:
        trainer = build_trainer(cfg, run.path, [Throughput(card), clock, progress_callback()])
        trainer.fit(build_phase(cfg), datamodule=build_data(cfg))
    run.release()
    return {
        "steps_per_s": steps / (clock.ended - clock.started),
        "input_share": clock.wait.take_share(),
    }


def bare_figures(cfg: DictConfig, steps: int) -> dict[str, float]:
    """Steps/s of a bare loop and the share that making the batch takes."""
    torch.manual_seed(int(cfg.seed))
    phase, data = build_phase(cfg), build_data(cfg)
    if not isinstance(data, VisionData):
        raise TypeError(f"expected the vision phase's data, got {type(data).__name__}")
    phase.train()
    frames = data.source.frames("train")
    epoch_steps = steps_per_epoch(len(frames), data.effective_batch)
    batches = data.loader(frames, Epoch(data.seed, data.effective_batch, epoch_steps, lambda: 0))
    optimizer = build_optimizer(phase, phase.optimizer_settings)
    started = time.perf_counter()
    spent_on_input = 0.0
    for step in range(WARM_STEPS + steps):
        if step == WARM_STEPS:
            started, spent_on_input = time.perf_counter(), 0.0
        begun = time.perf_counter()
        batch = make_views(batches.step_batch(step), data.augmentation, data.seed)
        spent_on_input += time.perf_counter() - begun
        loss, _ = phase.weighted_loss(phase.embed(batch), batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(phase.parameters(), cfg.trainer.gradient_clip_val)
        optimizer.step()
    seconds = time.perf_counter() - started
    return {
        "steps_per_s": steps / seconds,
        "samples_per_s": steps * data.effective_batch / seconds,
        "input_share": spent_on_input / seconds,
    }


def main() -> None:
    """Print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="a babbling data set")
    parser.add_argument(
        "--trainer", action="store_true", help="Lightning's Trainer, not a bare loop"
    )
    parser.add_argument("--phase", default="vision", help="through the Trainer, any on babbling")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nsca-bench-") as outputs:
        cfg = configuration(
            options.phase, options.data, options.batch, options.steps, Path(outputs)
        )
        figures = (trainer_figures if options.trainer else bare_figures)(cfg, options.steps)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
