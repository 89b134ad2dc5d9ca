"""What a few steps of a tiny phase do: their metrics, their gradient, the batches they see."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from lightning.pytorch import LightningDataModule, Trainer
from phases.tiny_vision import tiny_trainer

from nsca.data.batch import Batch
from nsca.phases.phase import Phase

GOLDEN = Path(__file__).parents[1] / "golden"
GOLDEN_TOLERANCE = 1e-2
"""Relative, a step: what rounding does on another processor grows with the steps (up to 4 % of a
term after ten), what a new formula does is there at the first.
"""
NOTHING = 1e-7  # absolute: networks that begin at zero say so much by rounding
NO_TERMS = frozenset({"train/stage", "train/prior_weight"})  # 0 is a value of theirs


def ten_steps(phase: Phase, data: LightningDataModule) -> list[dict[str, float]]:
    """Metrics of ten optimiser steps, with Lightning and one thread.

    With two, convolutions of 8 channels with a kernel of 1 and a stride of 2 crash (DECISIONS.md,
    94), and sums in another order would be other losses.
    """
    torch.set_num_threads(1)
    rows: list[dict[str, float]] = []

    def note(outputs: object, batch: Batch, batch_idx: int) -> None:
        metrics = phase.trainer.callback_metrics
        rows.append({name: float(f"{float(value):.6g}") for name, value in metrics.items()})

    phase.on_train_batch_end = note
    tiny_trainer(10, limit_val_batches=0, gradient_clip_val=1.0).fit(phase, datamodule=data)
    return rows


def check_rows(name: str, rows: list[dict[str, float]]) -> None:
    """Ten steps are those of `golden/<name>.json`, which has something to say of every term."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    assert len(rows) == len(golden) == 10
    largest = {n: max(abs(row.get(n, 0.0)) for row in golden) for n in {*rows[0], *golden[-1]}}
    assert [n for n in largest.keys() - NO_TERMS if largest[n] < 10 * NOTHING] == []
    for step, (row, expected) in enumerate(zip(rows, golden, strict=True), start=1):
        assert row == pytest.approx(expected, rel=step * GOLDEN_TOLERANCE, abs=NOTHING)


def check_golden(name: str, rows: list[dict[str, float]]) -> None:
    """They are, and the loss has fallen."""
    check_rows(name, rows)
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


@dataclass(frozen=True)
class StepFound:
    """Attributes:
    metrics: of training, and of validation where there is one, at the end.
    gradients: of the last step, by parameter; of those that have one.
    """

    metrics: dict[str, float]
    gradients: dict[str, torch.Tensor]


def last_step(
    phase: Phase, data: LightningDataModule | Iterable[Batch], trainer: Trainer
) -> StepFound:
    """What the last step of a training, exactly as Lightning's loop makes it, has found."""
    gradients: dict[str, torch.Tensor] = {}

    def note(optimizer: torch.optim.Optimizer) -> None:
        found = {n: p.grad for n, p in phase.named_parameters() if p.grad is not None}
        gradients.clear()
        gradients.update({name: gradient.clone() for name, gradient in found.items()})

    phase.on_before_optimizer_step = note
    if isinstance(data, LightningDataModule):
        trainer.fit(phase, datamodule=data)
    else:
        trainer.fit(phase, data, data)
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    return StepFound(metrics, gradients)


def set_dropout(module: torch.nn.Module, share: float) -> None:
    """Make everything inside that can drop out do so; in the models the share is 0."""
    for each in module.modules():
        if isinstance(each, torch.nn.Dropout):
            each.p = share
        elif isinstance(each, torch.nn.MultiheadAttention):
            each.dropout = share


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
