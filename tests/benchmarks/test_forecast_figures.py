"""Figures of made-up forecasts, whose errors and doubts are known."""

import numpy as np
import pytest
import torch
from phases.tiny_dynamics import AHEAD, PAST, tiny_phase

from nsca.benchmarks.forecast_figures import Foretold, PlaceReader, doubts, errors


def foretold(off_m: float, said_m: float, windows: int = 400) -> Foretold:
    rng = np.random.default_rng(0)
    true = rng.normal(size=(windows, AHEAD, 6))
    latent = torch.zeros(windows, AHEAD, 2)
    return Foretold(
        true=true,
        past=np.zeros((windows, PAST, 6)),
        mean={"trained": true + off_m * rng.normal(size=true.shape), "copy_last": true},
        deviation=np.full(true.shape, said_m),
        latent=(latent, latent, latent),
        fits=np.arange(windows) % 2 == 0,
    )


def test_errors_are_root_mean_squares_of_lengths_at_every_horizon():
    found = list(errors(foretold(0.1, 0.1), "val", tiny_phase().imagination))
    assert len(found) == 2 * 2 * AHEAD
    kept = [row.value for row in found if row.forecaster == "copy_last"]
    assert kept == [0.0] * len(kept)
    ours = [row.value for row in found if row.forecaster == "trained"]
    assert ours == pytest.approx([0.1 * 3**0.5] * len(ours), rel=0.1)


def test_doubt_that_is_too_small_is_mended_by_one_factor():
    found = list(doubts(foretold(0.1, 0.01), "val", tiny_phase().imagination))
    off = {
        name: max(
            r.value for r in found if (r.forecaster, r.measure) == (name, "calibration_error")
        )
        for name in ("trained", "scaled")
    }
    assert off["trained"] > 0.1
    assert off["scaled"] < 0.05


def test_places_are_read_from_latents_by_a_linear_map():
    latents = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    places = latents[:, :3] * torch.tensor([1.0, 2.0, -1.0]) + 0.5
    read = PlaceReader(latents, places)
    torch.testing.assert_close(read(latents), places, atol=0.02, rtol=0.01)
