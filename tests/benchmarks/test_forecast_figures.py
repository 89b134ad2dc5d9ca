"""Figures of made-up forecasts, whose errors and doubts are known."""

import numpy as np
import pytest
import torch
from phases.tiny_dynamics import AHEAD, PAST, tiny_phase

from nsca.benchmarks.forecast_figures import (
    Foretold,
    PlaceReader,
    doubts,
    errors,
    spread_factors,
)


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
        thing=np.arange(windows) // 4,
    )


def test_errors_are_root_mean_squares_of_lengths_at_every_horizon():
    found = list(errors(foretold(0.1, 0.1), "val", tiny_phase().imagination))
    assert len(found) == 2 * 2 * AHEAD
    kept = [row.value for row in found if row.forecaster == "copy_last"]
    assert kept == [0.0] * len(kept)
    ours = [row.value for row in found if row.forecaster == "trained"]
    assert ours == pytest.approx([0.1 * 3**0.5] * len(ours), rel=0.1)


def calibration(found: list) -> dict[str, float]:
    return {
        name: max(
            r.value for r in found if (r.forecaster, r.measure) == (name, "calibration_error")
        )
        for name in ("trained", "scaled")
    }


def test_doubt_that_is_too_small_is_mended_by_one_factor():
    fitted, judged = foretold(0.1, 0.01).halves(0)
    found = list(doubts(judged, spread_factors(fitted), "val", tiny_phase().imagination))
    off = calibration(found)
    assert off["trained"] > 0.1
    assert off["scaled"] < 0.05
    assert {row.windows for row in found} == {200}


def test_factors_of_other_errors_mend_nothing():
    factors = spread_factors(foretold(0.1, 0.01))
    found = list(doubts(foretold(0.5, 0.01), factors, "test", tiny_phase().imagination))
    assert calibration(found)["scaled"] > 0.1
    assert {row.windows for row in found} == {400}


def test_halves_share_no_thing_and_of_one_thing_nothing_is_left():
    found = foretold(0.1, 0.1)
    one, other = found.halves(0)
    assert not set(one.thing) & set(other.thing)
    assert len(one.true) + len(other.true) == 400
    assert np.array_equal(one.true, found.true[np.isin(found.thing, one.thing)])
    assert len(one.mean["trained"]) == len(one.latent[0]) == len(one.true)
    assert not len(foretold(0.1, 0.1, windows=4).halves(0)[1].true)


def test_places_are_read_from_latents_by_a_linear_map():
    latents = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    places = latents[:, :3] * torch.tensor([1.0, 2.0, -1.0]) + 0.5
    read = PlaceReader(latents, places)
    torch.testing.assert_close(read(latents), places, atol=0.02, rtol=0.01)
