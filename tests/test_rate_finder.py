"""The sweep moves the rates that it should, and suggests what stands out."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from phases.toy_phase import Points, ToyPhase, fit

from nsca.errors import UserError
from nsca.rate_finder import (
    HIGHEST,
    LOWEST,
    RateCurve,
    RateSweep,
    read_curve,
    suggested_rate,
    write_curve,
)

RATES = np.geomspace(LOWEST, HIGHEST, 100)


def valley(lowest: float, noise: float = 0.02) -> RateCurve:
    """Flat, then falling to its lowest loss, then rising."""
    distance = np.log10(RATES / lowest)
    losses = 1 + np.where(distance < 0, np.minimum(distance**2, 4), 4 * distance**2)
    return RateCurve(RATES, losses + noise * np.random.default_rng(0).normal(size=100))


class Grouped(ToyPhase):
    """The last bias learns at a rate of its own, the first layer at half of the learning rate."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(**changes)
        self.rates: list[list[float]] = []

    def own_rate_groups(self) -> list[dict[str, Any]]:
        return [{"params": [self.net[3].bias], "lr": 0.03, "weight_decay": 0.0}]

    def configure_optimizers(self) -> dict[str, Any]:
        found = super().configure_optimizers()
        group = found["optimizer"].param_groups[0]
        group["lr"] = group["initial_lr"] = 0.5 * self.optimizer_settings.learning_rate
        found["lr_scheduler"]["scheduler"].base_lrs[0] = group["lr"]
        return found

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        self.rates.append([group["lr"] for group in optimizer.param_groups])


def test_the_tenth_of_the_lowest_losses_rate_is_suggested():
    for lowest in (1e-3, 1e-2, 0.1):
        assert valley(lowest).suggestion() == pytest.approx(lowest / 10, rel=0.3)


def test_nothing_is_suggested_where_the_loss_never_falls():
    noise = np.random.default_rng(0).normal(size=100)
    for losses in (5 + 0.1 * noise, 5 + 0.1 * noise + 3 * np.log10(RATES / LOWEST)):
        curve = RateCurve(RATES, losses)
        assert curve.suggestion() is None
        with pytest.raises(UserError, match="no learning rate stood out"):
            suggested_rate(curve)
    assert RateCurve(RATES[:4], losses[:4]).suggestion() is None


def test_a_curve_is_finite():
    with pytest.raises(ValueError, match="finite"):
        RateCurve(RATES[:2], np.array([1.0, np.nan]))


def test_a_curve_is_read_as_it_was_written(tmp_path: Path):
    assert read_curve(tmp_path) is None
    curve = valley(1e-2)
    write_curve(curve, tmp_path)
    again = read_curve(tmp_path)
    assert np.array_equal(again.rates, curve.rates)
    assert np.array_equal(again.losses, curve.losses)


def test_all_groups_sweep_at_their_share_but_those_of_their_own_rate():
    phase, sweep = Grouped(), RateSweep(10)
    fit(phase, 10, callbacks=[sweep])
    rates = np.array(phase.rates)
    assert rates[:, 0] == pytest.approx(np.geomspace(LOWEST, HIGHEST, 10) / 2)
    assert rates[:, 1] == pytest.approx(np.geomspace(LOWEST, HIGHEST, 10))
    assert rates[:, 2] == pytest.approx(np.full(10, 0.03))
    assert len(sweep.curve().losses) == 10
    matrices = [weights[:32] for weights in phase.weights]  # of the first layer
    moved = [(b - a).abs().max() for a, b in pairwise(matrices)]
    assert moved[-1] > 10 * moved[1], "the optimiser takes the rates"


def test_the_sweep_ends_where_nothing_is_finite_any_more():
    phase, sweep = ToyPhase(poison=(6, 7, 8, 9)), RateSweep(10)
    fit(phase, 10, callbacks=[sweep])
    assert phase.skipped.total == 1
    assert len(sweep.curve().rates) == len(sweep.curve().losses) == 6


def test_a_gradient_that_is_not_finite_ends_it_too():
    class Steep(ToyPhase):
        def losses(self, embeddings: dict, batch: Points) -> dict:
            found = super().losses(embeddings, batch)
            if self.trainer.global_step == 4:
                found["variance"].register_hook(lambda gradient: gradient * float("inf"))
            return found

    sweep = RateSweep(10)
    fit(Steep(), 10, callbacks=[sweep])
    assert len(sweep.curve().losses) == 5
