import numpy as np
import pytest
from scipy import stats

from nsca.aggregates import (
    interquartile_mean,
    interquartile_mean_interval,
    probability_of_improvement,
    stratified_bootstrap,
)


def test_interquartile_mean_by_hand():
    # of eight runs two are cut at each end: (3 + 4 + 5 + 6) / 4
    scores = np.array([[1.0, 8.0, 3.0, 100.0], [-50.0, 4.0, 6.0, 5.0]])
    assert interquartile_mean(scores) == 4.5
    # of five runs one: (2 + 3 + 4) / 3
    assert interquartile_mean(np.array([[1.0, 2.0, 3.0, 4.0, 9.0]])) == 3.0


def test_interquartile_mean_equals_the_papers_trimmed_mean():
    scores = np.random.default_rng(0).normal(size=(7, 5))
    expected = stats.trim_mean(scores, 0.25, axis=None)
    assert interquartile_mean(scores) == pytest.approx(expected)
    assert interquartile_mean_interval(scores, resamples=50).value == pytest.approx(expected)


def test_the_bootstrap_never_mixes_tasks():
    # Tasks far apart, seeds alike: whatever is drawn, each task keeps its value.
    scores = np.array([[0.0] * 4, [10.0] * 4, [20.0] * 4])
    found = interquartile_mean_interval(scores, resamples=100)
    assert found.low == found.high == found.value == 10.0


def test_the_interval_covers_the_truth_at_about_its_rate():
    rng = np.random.default_rng(2)
    truth = 1.5  # of the mean over tasks 0, 1, 2, 3
    covered = 0
    for trial in range(200):
        scores = np.arange(4.0)[:, None] + rng.normal(size=(4, 10))
        found = stratified_bootstrap(
            [scores], lambda d: d[0].mean(axis=(1, 2)), resamples=300, seed=trial
        )
        covered += found.low <= truth <= found.high
    assert 0.87 <= covered / 200 <= 0.98


def test_probability_of_improvement_by_hand():
    # Task 1: 3 > 1, 3 > 2, 2 > 1, 2 = 2: 3.5 of 4. Task 2: never.
    ours = np.array([[3.0, 2.0], [0.0, 0.0]])
    theirs = np.array([[1.0, 2.0], [5.0, 6.0]])
    assert probability_of_improvement(ours, theirs, resamples=20).value == pytest.approx(3.5 / 8)
    assert probability_of_improvement(ours, ours, resamples=20).value == 0.5


def test_probability_of_improvement_takes_groups_of_different_size():
    ours, theirs = np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 2.5]])
    found = probability_of_improvement(ours, theirs, resamples=200)
    expected = stats.mannwhitneyu(ours[0], theirs[0]).statistic / 6
    assert found.value == pytest.approx(expected)
    assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize("bad", [np.empty((0, 3)), np.array([[1.0, np.nan]])])
def test_missing_scores_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        interquartile_mean(bad)
    with pytest.raises(ValueError, match="finite"):
        interquartile_mean_interval(bad)


def test_other_tasks_are_refused():
    with pytest.raises(ValueError, match="2 tasks against 1"):
        probability_of_improvement(np.ones((2, 3)), np.ones((1, 3)))
