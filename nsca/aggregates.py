"""Scores of many tasks and few seeds in one figure, with an honest interval.

After Agarwal et al. 2021 ("Deep Reinforcement Learning at the Edge of the Statistical Precipice"):
the interquartile mean over all runs, intervals by a bootstrap that draws seeds within each task,
and the probability of improvement. Their package `rliable` brings arch, pandas, statsmodels and
seaborn for these few lines, so they are written here; the conventions are the same, except that a
matrix is [task, seed] (theirs is [run, task]).

A percentile interval over fewer than about five seeds is too narrow; see `nsca.statistics`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

# "_": checked for the number of dimensions alone, since two methods may have other seeds
Scores = Float[np.ndarray, "_task _seed"]
Draws = Float[np.ndarray, "_draw _task _seed"]


@dataclass(frozen=True)
class Estimate:
    """A figure with its percentile bootstrap interval.

    Attributes:
        value: of the scores as they are.
        low, high: the interval.
    """

    value: float
    low: float
    high: float


def interquartile_mean(scores: Float[np.ndarray, "..."]) -> float:
    """Mean of the middle half of all runs, whatever task they are of.

    A quarter of the n runs, rounded down, is cut at each end.

    Raises:
        ValueError: no scores, or one that is not finite.
    """
    return float(_interquartile_means(_checked(scores).reshape(1, -1))[0])


def interquartile_mean_interval(
    scores: Scores, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Estimate:
    """`interquartile_mean` with its stratified bootstrap interval."""

    def aggregate(draws: Draws) -> Float[np.ndarray, " _draw"]:
        return _interquartile_means(draws.reshape(len(draws), -1))

    return stratified_bootstrap([scores], lambda d: aggregate(d[0]), confidence, resamples, seed)


def probability_of_improvement(
    ours: Scores,
    theirs: Scores,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Estimate:
    """How likely a run of ours beats one of theirs on a task drawn at random; 0 to 1.

    P = mean over tasks of mean over (i, j) of [x_i > y_j] + 1/2 [x_i = y_j]. Both have the same
    tasks in the same order; seeds count as independent and may differ in number.

    Raises:
        ValueError: other tasks, or as `interquartile_mean`.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} tasks against {len(theirs)}")

    def aggregate(draws: Sequence[Draws]) -> Float[np.ndarray, " _draw"]:
        mine, other = draws[0][..., :, None], draws[1][..., None, :]
        return ((mine > other) + 0.5 * (mine == other)).mean(axis=(1, 2, 3))

    return stratified_bootstrap([ours, theirs], aggregate, confidence, resamples, seed)


def stratified_bootstrap(
    matrices: Sequence[Scores],
    aggregate: Callable[[Sequence[Draws]], Float[np.ndarray, " _draw"]],
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Estimate:
    """Percentile interval of a figure: seeds are drawn with replacement within each task.

    Tasks are fixed and are never drawn: the claim is about these tasks, not about others.

    Args:
        matrices: one [task, seed] matrix a method, drawn independently of each other.
        aggregate: from draws of all of them to one figure a draw.
        confidence: in (0, 1).
        resamples: bootstrap draws.
        seed: of those draws.

    Raises:
        ValueError: no scores, or one that is not finite.
    """
    rng = np.random.default_rng(seed)
    found = []
    for scores in map(_checked, matrices):
        tasks, seeds = scores.shape
        drawn = rng.integers(seeds, size=(resamples, tasks, seeds))
        found.append(np.take_along_axis(scores[None], drawn, axis=2))
    tail = (1 - confidence) / 2
    low, high = np.quantile(aggregate(found), [tail, 1 - tail])
    value = aggregate([np.asarray(scores, dtype=float)[None] for scores in matrices])[0]
    return Estimate(float(value), float(low), float(high))


def _interquartile_means(runs: Float[np.ndarray, "draw run"]) -> Float[np.ndarray, " draw"]:
    cut = runs.shape[1] // 4
    return np.sort(runs, axis=1)[:, cut : runs.shape[1] - cut].mean(axis=1)


def _checked(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, dtype=float)
    if not scores.size or not np.isfinite(scores).all():
        raise ValueError("scores must be there and finite; leave out a seed rather than fill it in")
    return scores
