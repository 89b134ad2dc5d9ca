"""The audio phase; `python -m phases.audio.test_module` in tests/ rewrites its golden losses."""

import json
from pathlib import Path

import pytest
import torch
from phases.tiny_audio import BANDS, WEIGHTS, DyingTones, tiny_data, tiny_phase
from phases.tiny_vision import tiny_trainer
from torch import nn

from nsca.data.batch import AudioBatch, SoundBatch
from nsca.data.sound_augmentation import SoundAugmentation
from nsca.models.log_mel import LogMel
from nsca.phases.audio.data import make_sound_views
from nsca.phases.optimizer import OptimizerSettings

GOLDEN = Path(__file__).parents[2] / "golden" / "audio.json"
GOLDEN_TOLERANCE = 1e-2
"""Relative: ten steps of rounding on another processor stay below it, a new formula does not."""


def a_batch(samples: int = 24) -> AudioBatch:
    stored = torch.from_numpy(DyingTones().sounds("train").samples[:samples])
    return make_sound_views(SoundBatch(stored, 0), LogMel(BANDS), SoundAugmentation(), seed=0)


def ten_steps() -> list[dict[str, float]]:
    """Metrics of ten optimiser steps of the tiny phase, with Lightning and gradient caching."""
    rows: list[dict[str, float]] = []
    # a small rate: with a larger one it shows after ten steps how many threads did the rounding
    phase = tiny_phase(micro_batch=16, optimizer=OptimizerSettings(learning_rate=3e-4))

    def note(outputs: object, batch: AudioBatch, batch_idx: int) -> None:
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
    phase, batch = tiny_phase(loss_weights={**WEIGHTS, "covariance": 0.0}), a_batch()
    _, terms = phase.weighted_loss(phase.embed(batch), batch)
    assert terms.keys() == {"nt_xent", "variance", "reconstruction"}


def test_an_unknown_term_is_refused():
    with pytest.raises(ValueError, match=r"\['loudness'\]; there are"):
        tiny_phase(loss_weights={"nt_xent": 1.0, "loudness": 0.1})


def test_reconstruction_is_the_error_of_the_clean_sound():
    phase, batch = tiny_phase(), a_batch()
    embeddings = phase.embed(batch)
    truth = phase.decoder.coarse(batch.clean)
    exact = {**embeddings, "decoded": truth, "also_decoded": truth}
    assert phase.losses(exact, batch)["reconstruction"].item() == 0
    off = {**exact, "decoded": truth + 0.2}
    assert phase.losses(off, batch)["reconstruction"].item() == pytest.approx(0.02, rel=1e-4)


def gradient(micro_batch: int, dropout: float = 0.0) -> torch.Tensor:
    """The gradient of one training step, exactly as Lightning's loop makes it."""
    phase = tiny_phase(micro_batch=micro_batch)
    phase.encoder.readout = nn.Sequential(phase.encoder.readout, nn.Dropout(dropout))
    found: list[torch.Tensor] = []

    def note(optimizer: torch.optim.Optimizer) -> None:
        found.append(torch.cat([p.grad.flatten() for p in phase.parameters()]).clone())

    phase.on_before_optimizer_step = note
    torch.manual_seed(0)
    tiny_trainer(1, limit_val_batches=0).fit(phase, datamodule=tiny_data())
    return found[0]


def test_gradient_caching_gives_the_gradient_of_the_full_batch():
    full = gradient(micro_batch=32)
    assert (gradient(12) - full).norm() / full.norm() < 1e-5
    assert (gradient(12, dropout=0.5) - full).norm() / full.norm() > 0.05


def test_noise_of_the_right_shape_can_be_embedded():
    phase = tiny_phase()
    batch = phase.example_batch(4)
    assert phase.embed(batch)["decoded"].shape == (4, BANDS, 5)


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text("[\n" + ",\n".join(json.dumps(row) for row in ten_steps()) + "\n]\n")
    print(f"wrote {GOLDEN}")
