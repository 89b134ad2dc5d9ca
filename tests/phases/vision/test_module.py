"""The vision phase; `python -m phases.vision.test_module` in tests/ rewrites its golden losses."""

import json
from pathlib import Path

import pytest
import torch
from phases.tiny_vision import (
    WEIGHTS,
    MovingShapes,
    tiny_data,
    tiny_encoder,
    tiny_phase,
    tiny_trainer,
)
from torch import nn

from nsca.data.augmentation import AugmentationSettings
from nsca.data.batch import VisionBatch
from nsca.phases.vision.data import FrameSteps, make_views

GOLDEN = Path(__file__).parents[2] / "golden" / "vision.json"
GOLDEN_TOLERANCE = 1e-2
"""Relative: ten steps of rounding on another processor stay below it, a new formula does not."""


def a_batch(samples: int = 24, has_time: bool = True) -> VisionBatch:
    steps = FrameSteps(
        MovingShapes().frames("train"),
        has_time=has_time,
        reach=2,
        seed=0,
        batch=samples,
        steps=1,
        first_step=lambda: 0,
        repeats=False,
    )
    return make_views(steps.step_batch(0), AugmentationSettings(), seed=0)


def ten_steps() -> list[dict[str, float]]:
    """Metrics of ten optimiser steps of the tiny phase, with Lightning and gradient caching."""
    rows: list[dict[str, float]] = []
    phase = tiny_phase(micro_batch=16)

    def note(outputs: object, batch: VisionBatch, batch_idx: int) -> None:
        metrics = phase.trainer.callback_metrics
        rows.append({name: round(float(value), 6) for name, value in metrics.items()})

    phase.on_train_batch_end = note
    tiny_trainer(10, limit_val_batches=0, gradient_clip_val=1.0).fit(phase, datamodule=tiny_data())
    return rows


def test_golden_losses():
    golden = json.loads(GOLDEN.read_text())
    rows = ten_steps()
    assert len(rows) == len(golden) == 10
    for row, expected in zip(rows, golden, strict=True):
        assert row == pytest.approx(expected, rel=GOLDEN_TOLERANCE, abs=1e-4)
    assert rows[-1]["train/loss"] < rows[0]["train/loss"]


def test_losses_have_exactly_the_active_terms():
    phase = tiny_phase(loss_weights={**WEIGHTS, "invariance": 0.5})
    batch = a_batch()
    _, terms = phase.weighted_loss(phase.embed(batch), batch)
    assert terms.keys() == {"nt_xent", "invariance", "variance", "covariance", "temporal"}


def test_without_time_the_temporal_term_is_absent_from_losses_and_weights():
    phase, batch = tiny_phase(), a_batch(has_time=False)
    assert phase.active_terms(batch) == WEIGHTS.keys() - {"temporal"}
    loss, terms = phase.weighted_loss(phase.embed(batch), batch)
    assert terms.keys() == phase.active_terms(batch)
    assert loss.item() == pytest.approx(
        sum(WEIGHTS[name] * term.item() for name, term in terms.items()), rel=1e-5
    )


def test_a_term_of_weight_zero_is_not_computed():
    phase = tiny_phase(loss_weights={"nt_xent": 1.0, "temporal": 0.0})
    embeddings = phase.embed(a_batch())
    assert embeddings.keys() == {"first", "second"}


def test_an_unknown_term_is_refused():
    with pytest.raises(ValueError, match=r"\['sharpness'\]; there are"):
        tiny_phase(loss_weights={"nt_xent": 1.0, "sharpness": 0.1})


def gradient(micro_batch: int, dropout: float = 0.0) -> torch.Tensor:
    """The gradient of one training step, exactly as Lightning's loop makes it."""
    phase = tiny_phase(micro_batch=micro_batch)
    phase.encoder.readout.append(nn.Dropout(dropout))
    found: list[torch.Tensor] = []

    def note(optimizer: torch.optim.Optimizer) -> None:
        found.append(torch.cat([p.grad.flatten() for p in phase.parameters()]).clone())

    phase.on_before_optimizer_step = note
    trainer = tiny_trainer(1, limit_val_batches=0)
    torch.manual_seed(0)
    trainer.fit(phase, datamodule=tiny_data())
    return found[0]


@pytest.mark.parametrize("micro_batch", [1, 12])
def test_gradient_caching_gives_the_gradient_of_the_full_batch(micro_batch):
    full = gradient(micro_batch=32)
    assert (gradient(micro_batch) - full).norm() / full.norm() < 1e-5


def test_the_comparison_of_gradients_can_fail():
    full = gradient(micro_batch=32)
    assert (gradient(12, dropout=0.5) - full).norm() / full.norm() > 0.05


def test_a_frozen_stem_is_saved_but_not_trained():
    phase = tiny_phase()
    saved = {name for name in phase.state_dict() if "stem" in name}
    assert len(saved) == 5
    assert not any("stem" in name for name, _ in phase.named_parameters())
    before = {name: phase.state_dict()[name].clone() for name in saved}
    tiny_trainer(2, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    assert all(torch.equal(phase.state_dict()[name], before[name]) for name in saved)


def test_a_learned_stem_is_trained():
    phase = tiny_phase(encoder=tiny_encoder(gabor="learned"))
    before = phase.encoder.stem.priors[0].octave_0.detach().clone()
    tiny_trainer(2, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    assert not torch.equal(phase.encoder.stem.priors[0].octave_0, before)


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text("[\n" + ",\n".join(json.dumps(row) for row in ten_steps()) + "\n]\n")
    print(f"wrote {GOLDEN}")
