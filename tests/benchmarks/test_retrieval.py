"""Recall and its chance, by hand."""

import numpy as np
import pytest

from nsca.benchmarks.retrieval import chance_at, hits_at, one_of_each


def test_recall_counts_queries_that_find_theirs():
    queries = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.1]])
    gallery = np.array([[5.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    own = np.eye(3, dtype=bool)
    assert hits_at(queries, gallery, own, 1) == pytest.approx(2 / 3)
    assert hits_at(queries, gallery, own, 3) == 1.0
    assert hits_at(queries, gallery, np.ones((3, 3), bool), 1) == 1.0


def test_chance_is_that_of_random_draws():
    assert chance_at(np.eye(10, dtype=bool), 3) == pytest.approx(0.3)
    several = np.zeros((1, 6), bool)
    several[0, :2] = True
    assert chance_at(several, 2) == pytest.approx(1 - (4 * 3) / (6 * 5))
    assert chance_at(several, 9) == 1.0
    rng = np.random.default_rng(0)
    belongs = np.equal.outer(np.arange(40) % 8, np.arange(40) % 8)
    drawn = [hits_at(*rng.normal(size=(2, 40, 5)), belongs, 3) for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(chance_at(belongs, 3), abs=0.02)


def test_the_last_able_row_of_each_clip_is_taken():
    clip = np.array([0, 0, 0, 1, 1, 2, 3])
    able = np.array([True, True, False, True, True, False, True])
    assert one_of_each(clip, able, 10, seed=0).tolist() == [1, 4, 6]
    assert len(one_of_each(clip, able, 2, seed=0)) == 2
    assert len(one_of_each(clip, np.zeros(7, bool), 2, seed=0)) == 0
