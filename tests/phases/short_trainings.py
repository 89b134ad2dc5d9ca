"""What a few steps of a tiny phase do: their metrics, their gradient, the batches they see."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning import LightningDataModule
from phases.tiny_vision import tiny_trainer

from nsca.data.batch import Batch
from nsca.phases.phase import Phase

GOLDEN = Path(__file__).parents[1] / "golden"
GOLDEN_TOLERANCE = 1e-2
"""Relative, a step: what rounding does on another processor grows with the steps (up to 4 % of a
term after ten), what a new formula does is there at the first.
"""


def ten_steps(phase: Phase, data: LightningDataModule) -> list[dict[str, float]]:
    """Metrics of ten optimiser steps, with Lightning."""
    rows: list[dict[str, float]] = []

    def note(outputs: object, batch: Batch, batch_idx: int) -> None:
        metrics = phase.trainer.callback_metrics
        rows.append({name: round(float(value), 6) for name, value in metrics.items()})

    phase.on_train_batch_end = note
    tiny_trainer(10, limit_val_batches=0, gradient_clip_val=1.0).fit(phase, datamodule=data)
    return rows


def check_golden(name: str, rows: list[dict[str, float]]) -> None:
    """Ten steps are those of `golden/<name>.json`, and the loss has fallen."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    assert len(rows) == len(golden) == 10
    for step, (row, expected) in enumerate(zip(rows, golden, strict=True), start=1):
        assert row == pytest.approx(expected, rel=step * GOLDEN_TOLERANCE, abs=1e-4)
    losses = [row["train/loss"] for row in rows]
    assert sum(losses[-3:]) < sum(losses[:3])  # three, since every step sees other samples


def write_golden(name: str, rows: list[dict[str, float]]) -> None:
    """Make ten steps the golden ones."""
    GOLDEN.mkdir(exist_ok=True)
    path = GOLDEN / f"{name}.json"
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(f"wrote {path}")


def gradient(phase: Phase, data: LightningDataModule) -> torch.Tensor:
    """The gradient of one training step, exactly as Lightning's loop makes it."""
    found: list[torch.Tensor] = []

    def note(optimizer: torch.optim.Optimizer) -> None:
        kept = [p.grad.flatten() for p in phase.parameters() if p.requires_grad]
        found.append(torch.cat(kept).clone())

    phase.on_before_optimizer_step = note
    torch.manual_seed(0)
    tiny_trainer(1, limit_val_batches=0).fit(phase, datamodule=data)
    return found[0]


def batches_seen(
    phase: Phase,
    data: LightningDataModule,
    max_steps: int,
    fingerprint: Callable[[Batch], float],
    checkpoint: Path | None = None,
    save: Path | None = None,
    **trainer: object,
) -> list[tuple[int, float]]:
    """Step and fingerprint of every batch that a training sees.

    `checkpoint` is resumed from, and `save` written at the end.
    """
    seen: list[tuple[int, float]] = []

    def note(batch: Batch, batch_idx: int) -> None:
        seen.append((batch.step, fingerprint(batch)))

    phase.on_train_batch_start = note
    runner = tiny_trainer(max_steps, **trainer)
    runner.fit(phase, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    if save:
        runner.save_checkpoint(save)
    return seen
