"""The statistics every comparison in the suite is judged by.

Seeds are *paired*: condition and reference share data order, initial weights and evaluation
episodes, so differences are taken seed by seed before anything is averaged.

Sources: Efron & Tibshirani 1993 (percentile bootstrap), Holm 1979 (step-down correction), Cohen
1988 (d; for pairs the mean difference over the standard deviation of the differences, often
written d_z). With three to five seeds a percentile interval is too narrow by roughly a fifth to a
half; the t interval beside it is the honest one at that size and is the one `verdict` uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class PairedDifference:
    """Condition minus reference over paired seeds.

    Attributes:
        mean: mean difference, in the unit of the metric.
        standard_error: standard error of that mean; NaN for a single pair.
        low, high: Student t interval at the asked confidence.
        bootstrap_low, bootstrap_high: percentile bootstrap interval at the same confidence.
        cohens_d: mean over standard deviation of the differences (d_z); NaN where undefined.
        p_value: two-sided paired t test; NaN for fewer than two pairs.
        pairs: how many seeds both sides have.
    """

    mean: float
    standard_error: float
    low: float
    high: float
    bootstrap_low: float
    bootstrap_high: float
    cohens_d: float
    p_value: float
    pairs: int

    @property
    def verdict(self) -> str:
        """`better`, `worse` or `no difference seen` by whether the t interval excludes 0."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "no difference seen"


def mean_and_standard_error(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard error (sample standard deviation / sqrt(n)); NaN error for n = 1.

    Raises:
        ValueError: without any value.
    """
    array = np.asarray(values, dtype=float)
    if array.size == 0:
        raise ValueError("mean of no values")
    if array.size == 1:
        return float(array[0]), float("nan")
    return float(array.mean()), float(array.std(ddof=1) / np.sqrt(array.size))


def paired_difference(
    condition: Sequence[float],
    reference: Sequence[float],
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> PairedDifference:
    """Compare two conditions measured on the same seeds, in the same order.

    Args:
        condition: one value a seed.
        reference: the value of the same seed in the reference condition.
        confidence: of both intervals, in (0, 1).
        resamples: bootstrap draws.
        seed: of those draws.

    Raises:
        ValueError: when lengths differ or there are no pairs.
    """
    if len(condition) != len(reference):
        raise ValueError(f"{len(condition)} values against {len(reference)}: not paired")
    differences = np.asarray(condition, dtype=float) - np.asarray(reference, dtype=float)
    mean, error = mean_and_standard_error(differences.tolist())
    pairs = len(differences)
    if pairs == 1:
        infinite, nan = float("inf"), float("nan")
        return PairedDifference(mean, nan, -infinite, infinite, mean, mean, nan, nan, 1)
    half_width = float(stats.t.ppf(0.5 + confidence / 2, pairs - 1)) * error
    draws = np.random.default_rng(seed).integers(pairs, size=(resamples, pairs))
    tail = (1 - confidence) / 2
    boot_low, boot_high = np.quantile(differences[draws].mean(axis=1), [tail, 1 - tail])
    deviation = float(differences.std(ddof=1))
    if deviation > 0:
        p_value = float(2 * stats.t.sf(abs(mean) / error, pairs - 1))
        cohens_d = mean / deviation
    else:
        p_value = 1.0 if mean == 0 else 0.0
        cohens_d = float("nan")
    return PairedDifference(
        mean=mean,
        standard_error=error,
        low=mean - half_width,
        high=mean + half_width,
        bootstrap_low=float(boot_low),
        bootstrap_high=float(boot_high),
        cohens_d=cohens_d,
        p_value=p_value,
        pairs=pairs,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given; each in [0, 1].

    Raises:
        ValueError: for a value outside [0, 1] or NaN.
    """
    array = np.asarray(p_values, dtype=float)
    if np.any(~((array >= 0) & (array <= 1))):
        raise ValueError(f"not p-values: {list(p_values)}")
    order = np.argsort(array, kind="stable")
    factors = len(array) - np.arange(len(array))
    adjusted = np.minimum(np.maximum.accumulate(array[order] * factors), 1.0)
    result = np.empty_like(adjusted)
    result[order] = adjusted
    return result.tolist()


def detectable_effect(pairs: int, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest paired Cohen's d that this many seeds detect with the given power.

    Two-sided paired t test, found by bisection on the noncentral t distribution.

    Raises:
        ValueError: for fewer than two pairs.
    """
    if pairs < 2:
        raise ValueError("a paired test needs at least two pairs")
    critical = stats.t.ppf(1 - alpha / 2, pairs - 1)

    def achieved(d: float) -> float:
        return float(stats.nct.sf(critical, pairs - 1, d * np.sqrt(pairs)))

    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if achieved(middle) < power else (low, middle)
    return high
