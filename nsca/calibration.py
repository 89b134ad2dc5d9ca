"""Does a Gaussian forecast know how far off it is?

Errors divided by the standard deviation that was foretold for them should be standard normal. They
are judged by how often they fall below each quantile, and by proper scores of the whole forecast.
"""

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

LEVELS = np.linspace(0.05, 0.95, 19)
"""Quantiles whose frequencies are compared."""
_FACTORS = np.geomspace(0.05, 20.0, 200)  # tried; neighbours differ by 3 %


def quantile_calibration_error(
    errors: Float[np.ndarray, " n"], deviations: Float[np.ndarray, " n"]
) -> float:
    """Mean over `LEVELS` of |share of outcomes below the quantile - level|; 0 is perfect, and a
    forecast that is always far too sure of itself is at 0.25.

    Kuleshov et al. 2018 ("Accurate uncertainties for deep learning using calibrated regression"),
    with the absolute difference in place of its square.

    Args:
        errors: what came minus what was foretold.
        deviations: foretold standard deviations, above 0.
    """
    below = norm.cdf(np.sort(errors / deviations))
    shares = np.searchsorted(below, LEVELS, side="right") / len(below)
    return float(np.abs(shares - LEVELS).mean())


def spread_factor(errors: Float[np.ndarray, " n"], deviations: Float[np.ndarray, " n"]) -> float:
    """The factor on all deviations that calibrates these errors best.

    Fit it on other data than it is judged on. One number cannot make a wrong shape right: it only
    mends what is too wide or too narrow everywhere.
    """
    tried = [quantile_calibration_error(errors, f * deviations) for f in _FACTORS]
    return float(_FACTORS[int(np.argmin(tried))])


def gaussian_crps(errors: Float[np.ndarray, " n"], deviations: Float[np.ndarray, " n"]) -> float:
    """Mean continuous ranked probability score, in the unit of the errors; smaller is better.

    Gneiting and Raftery 2007 ("Strictly proper scoring rules, prediction, and estimation"),
    equation 21 with the sign turned.
    """
    z = errors / deviations
    score = deviations * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))
    return float(score.mean())


def gaussian_nll(errors: Float[np.ndarray, " n"], deviations: Float[np.ndarray, " n"]) -> float:
    """Mean negative log-likelihood in nats; smaller is better, and it may be negative."""
    return float(-norm.logpdf(errors, scale=deviations).mean())
