"""The statistics every comparison in the suite is judged by.

Seeds are *paired*: condition and reference share data order, initial weights and evaluation
episodes, so differences are taken seed by seed before anything is averaged.

Sources: Efron & Tibshirani 1993 (percentile bootstrap), Holm 1979 (step-down correction), Cohen
1988 (d and the power of t tests). There are two d, and they are never to be mixed: `cohens_d_z` of
pairs divides by the standard deviation of the differences, `cohens_d_pooled` of two independent
groups by that of the values.

With three to five seeds a percentile interval is too narrow by roughly a fifth to a half; the t
interval beside it is the honest one at that size and is the one `verdict` uses.
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
        cohens_d: d_z, see `cohens_d_z`; NaN where undefined.
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


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float]:
    """Student t interval of the mean; infinite for a single value.

    Raises:
        ValueError: without any value.
    """
    mean, error = mean_and_standard_error(values)
    if len(values) == 1:
        return -float("inf"), float("inf")
    half_width = float(stats.t.ppf(0.5 + confidence / 2, len(values) - 1)) * error
    return mean - half_width, mean + half_width


def share_interval(share: float, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share of `count` independent trials, within 0 and 1.

    Source: Wilson 1927; unlike the normal approximation it is not empty at 0 and 1.

    Raises:
        ValueError: a share outside 0 to 1, or no trial.
    """
    if not 0 <= share <= 1 or count < 1:
        raise ValueError(f"{share} of {count} is no share")
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2) * z / (1 + z * z / count)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def cohens_d_z(condition: Sequence[float], reference: Sequence[float]) -> float:
    """Effect size of pairs: mean over standard deviation (n - 1) of the differences.

    NaN where it is undefined: fewer than two pairs, or differences that are all alike.

    Raises:
        ValueError: when lengths differ or there are no pairs.
    """
    return _d_z(_differences(condition, reference))


def cohens_d_pooled(condition: Sequence[float], reference: Sequence[float]) -> float:
    """Effect size of two independent groups: difference of means over the pooled deviation.

    d = (mean_c - mean_r) / s, s^2 = ((n_c - 1) s_c^2 + (n_r - 1) s_r^2) / (n_c + n_r - 2), without
    Hedges' correction. NaN where it is undefined: fewer than three values, or no spread.

    Raises:
        ValueError: when a group is empty.
    """
    ours, theirs = np.asarray(condition, dtype=float), np.asarray(reference, dtype=float)
    if not ours.size or not theirs.size:
        raise ValueError("an effect size needs values in both groups")
    freedom = ours.size + theirs.size - 2
    squares = np.square(ours - ours.mean()).sum() + np.square(theirs - theirs.mean()).sum()
    if freedom < 1 or squares == 0:
        return float("nan")
    return float((ours.mean() - theirs.mean()) / np.sqrt(squares / freedom))


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
    differences = _differences(condition, reference)
    mean, error = mean_and_standard_error(differences.tolist())
    low, high = mean_interval(differences.tolist(), confidence)
    pairs = len(differences)
    if pairs == 1:
        nan = float("nan")
        return PairedDifference(mean, nan, low, high, mean, mean, nan, nan, 1)
    draws = np.random.default_rng(seed).integers(pairs, size=(resamples, pairs))
    tail = (1 - confidence) / 2
    boot_low, boot_high = np.quantile(differences[draws].mean(axis=1), [tail, 1 - tail])
    if error > 0:
        p_value = float(2 * stats.t.sf(abs(mean) / error, pairs - 1))
    else:
        p_value = 1.0 if mean == 0 else 0.0
    return PairedDifference(
        mean=mean,
        standard_error=error,
        low=low,
        high=high,
        bootstrap_low=float(boot_low),
        bootstrap_high=float(boot_high),
        cohens_d=_d_z(differences),
        p_value=p_value,
        pairs=pairs,
    )


def _differences(condition: Sequence[float], reference: Sequence[float]) -> np.ndarray:
    if len(condition) != len(reference):
        raise ValueError(f"{len(condition)} values against {len(reference)}: not paired")
    return np.asarray(condition, dtype=float) - np.asarray(reference, dtype=float)


def _d_z(differences: np.ndarray) -> float:
    if not differences.size:
        raise ValueError("no pairs")
    deviation = float(differences.std(ddof=1)) if differences.size > 1 else 0.0
    return float(differences.mean()) / deviation if deviation > 0 else float("nan")


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
    """The smallest d_z that this many paired seeds detect with the given power.

    Two-sided paired t test: t has n - 1 degrees of freedom and noncentrality d_z sqrt(n).

    Raises:
        ValueError: for fewer than two pairs.
    """
    if pairs < 2:
        raise ValueError("a paired test needs at least two pairs")
    return _smallest_effect(pairs - 1, np.sqrt(pairs), power, alpha)


def detectable_effect_unpaired(seeds: int, power: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest pooled d that two independent groups of this many seeds each detect.

    Two-sided two-sample t test with equal variances: 2 n - 2 degrees of freedom, noncentrality d
    sqrt(n / 2). Twenty seeds a group see d = 0.91.

    Raises:
        ValueError: for fewer than two seeds a group.
    """
    if seeds < 2:
        raise ValueError("an unpaired test needs at least two seeds a group")
    return _smallest_effect(2 * seeds - 2, np.sqrt(seeds / 2), power, alpha)


def _smallest_effect(freedom: int, noncentrality: float, power: float, alpha: float) -> float:
    """Bisection of the exact power; `noncentrality` is that of d = 1.

    The tail on the wrong side is left out: it adds less than 1e-6 at powers of interest.
    """
    critical = stats.t.ppf(1 - alpha / 2, freedom)
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        achieved = stats.nct.sf(critical, freedom, middle * noncentrality)
        low, high = (middle, high) if achieved < power else (low, middle)
    return high
