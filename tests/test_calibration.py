import numpy as np
import pytest
from scipy.stats import norm

from nsca.calibration import (
    gaussian_crps,
    gaussian_nll,
    quantile_calibration_error,
    spread_factor,
)


def drawn(true: float, count: int = 20_000) -> np.ndarray:
    return np.random.default_rng(0).normal(0, true, count)


def test_an_honest_forecast_is_calibrated_and_others_are_not():
    errors, one = drawn(2.0), np.ones(20_000)
    assert quantile_calibration_error(errors, 2 * one) < 0.01
    assert quantile_calibration_error(errors, 0.5 * one) > 0.1, "too sure"
    assert quantile_calibration_error(errors, 8 * one) > 0.1, "too cautious"
    assert quantile_calibration_error(errors + 2, 2 * one) > 0.1, "off to one side"
    certain = quantile_calibration_error(errors, 1e-9 * one)
    assert certain == pytest.approx(0.237, abs=0.005), "half of all below every quantile"


def test_the_factor_mends_what_is_too_narrow_everywhere():
    factor = spread_factor(drawn(2.0), np.full(20_000, 0.5))
    assert factor == pytest.approx(4.0, rel=0.05)
    doubts = np.random.default_rng(1).uniform(0.1, 3, 20_000)
    errors = np.random.default_rng(2).normal(0, doubts)
    assert spread_factor(errors, 10 * doubts) == pytest.approx(0.1, rel=0.05)
    assert quantile_calibration_error(errors, spread_factor(errors, doubts) * doubts) < 0.01


def test_crps_is_the_integral_over_thresholds():
    errors, deviations = np.array([0.7]), np.array([1.3])
    thresholds = np.linspace(-20, 20, 400_001)
    steps = (norm.cdf(thresholds / 1.3) - (thresholds >= 0.7)) ** 2
    assert gaussian_crps(errors, deviations) == pytest.approx(np.trapezoid(steps, thresholds), 1e-4)


def test_proper_scores_are_best_for_the_truth():
    errors = drawn(1.0)
    for score in (gaussian_crps, gaussian_nll):
        honest = score(errors, np.ones(20_000))
        assert honest < score(errors, np.full(20_000, 0.7))
        assert honest < score(errors, np.full(20_000, 1.4))
    assert gaussian_nll(np.zeros(1), np.ones(1)) == pytest.approx(0.5 * np.log(2 * np.pi))
