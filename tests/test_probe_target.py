"""Labels as columns, and answers scored against them."""

import numpy as np
import pytest
import torch

from nsca.data.source import ProbeLabel
from nsca.probe_target import ProbeTarget, chance_accuracy

GROUP = np.arange(4)


def whole(values: list, kind: str) -> ProbeTarget:
    return ProbeTarget(ProbeLabel(np.array(values), kind, GROUP), np.ones(4, bool))


def test_a_class_is_one_hot_and_a_scalar_standardised():
    assert whole(["b", "a", "b", "c"], "class").matrix.tolist() == [
        [0, 1, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]
    scalar = whole([10.0, 20.0, 10.0, 20.0], "scalar").matrix
    assert scalar.flatten().tolist() == [-1, 1, -1, 1]


def test_answers_are_scored_in_the_units_of_the_label():
    target = whole([10.0, 20.0, 10.0, 20.0], "scalar")
    test = ProbeLabel(np.array([10.0, 20.0, np.nan, 30.0]), "scalar", GROUP)
    perfect = target.score(np.array([[-1.0], [1.0], [99.0], [3.0]]), test, 0.1)
    assert (perfect.value, perfect.test_rows, perfect.fit_rows) == (1, 3, 4)
    mean = target.score(np.ones((4, 1)), test, 0.1)  # always 20, the mean of the test part
    assert mean.value == pytest.approx(0)
    assert target.score(np.zeros((4, 1)), test, 0.1).value == pytest.approx(-0.375)


def test_a_class_is_the_column_with_the_largest_answer():
    target = whole(["b", "a", "b", "c"], "class")
    test = ProbeLabel(np.array(["a", "b", "d", "c"]), "class", GROUP)
    found = target.score(np.eye(3)[[0, 1, 0, 1]], test, 1.0)
    assert (found.value, found.unseen, found.strength) == (0.5, 0.25, 1.0)
    assert found.chance == 0.25


def test_equal_accuracy_is_decided_by_the_smaller_error():
    target = whole(["b", "a", "b", "a"], "class")
    held = np.array([True, True, False, False])
    close, far = torch.tensor([[0.1, 0.9], [0.9, 0.1]]), torch.tensor([[0.4, 0.6], [0.6, 0.4]])
    assert target.validation_score(close, held) > target.validation_score(far, held)
    assert target.validation_score(close, held)[0] == target.validation_score(far, held)[0] == 1


def test_chance_is_the_better_of_guessing_and_the_commonest_class():
    fit = np.array([0, 0, 0, 1])
    assert chance_accuracy(fit, np.array([0, 0, 1, 1])) == 0.5
    assert chance_accuracy(fit, np.array([0, 0, 0, 1])) == 0.75
    assert chance_accuracy(fit, np.array([1, 1, 1, 1])) == 0.5
    assert chance_accuracy(fit, np.array([7, 7])) == 0
