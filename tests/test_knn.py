"""Neighbours vote with their similarity, and noise stays noise."""

import numpy as np
import pytest

from nsca.knn import knn_accuracy


def test_nearest_neighbours_vote():
    random = np.random.default_rng(0)
    centres = random.normal(size=(4, 16))
    values = random.integers(0, 4, 300)
    x = centres[values] + 0.1 * random.normal(size=(300, 16))
    assert knn_accuracy(x[:200], values[:200], x[200:], values[200:]) > 0.98
    noise = random.normal(size=x.shape)  # with clusters, four votes would decide by luck
    assert knn_accuracy(noise[:200], values[:200], noise[200:], values[200:]) < 0.42
    few = knn_accuracy(x[:3], values[:3], x[200:], values[200:], neighbours=20)
    assert few == np.isin(values[200:], values[:3]).mean(), "fewer rows than neighbours: all vote"
    with pytest.raises(ValueError, match="length"):
        knn_accuracy(x[:200], values[:10], x[200:], values[200:])


def test_votes_are_weighted_by_similarity():
    """Two far neighbours of one class lose against a single near one of the other."""
    fit = np.array([[1.0, 0.0], [-0.5, 0.9], [-0.5, -0.9]])
    values = np.array(["near", "far", "far"])
    test = np.array([[1.0, 0.05]])
    assert knn_accuracy(fit, values, test, np.array(["near"]), neighbours=3) == 1
    level = {"neighbours": 3, "temperature": 1e6}  # so hot that every vote counts alike
    assert knn_accuracy(fit, values, test, np.array(["near"]), **level) == 0


def test_rows_without_a_class_do_not_vote_and_are_not_scored():
    x = np.array([[1.0, 0.0], [0.99, 0.0], [-1.0, 0.1], [-1.0, -0.1]])
    values = np.array([0.0, np.nan, 1.0, 1.0])
    assert knn_accuracy(x, values, x, values, neighbours=1) == 1
    with pytest.raises(ValueError, match="at least one row"):
        knn_accuracy(x, np.full(4, np.nan), x, values)
