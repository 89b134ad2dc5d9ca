"""Rows are chosen by value and held out by whole groups."""

import numpy as np
import pytest
import torch

from nsca.data.source import ProbeLabel
from nsca.probe_rows import (
    as_matrix,
    group_split,
    labelled_rows,
    rows_with_value,
    validation_parts,
    valued_rows,
)


def test_a_row_without_a_finite_number_has_no_value():
    assert rows_with_value(np.array([1.0, np.nan, np.inf])).tolist() == [True, False, False]
    assert rows_with_value(np.array([0, -1])).all()
    assert rows_with_value(np.array(["", "a"])).all()


def test_a_row_counts_where_any_label_has_a_value():
    group = np.arange(4)
    one = ProbeLabel(np.array([1.0, np.nan, np.nan, 2.0]), "scalar", group)
    other = ProbeLabel(np.array([np.nan, 5.0, np.nan, 3.0]), "scalar", group)
    assert valued_rows(one).tolist() == [True, False, False, True]
    assert labelled_rows({"one": one, "other": other}).tolist() == [0, 1, 3]


def test_group_split_takes_whole_groups_and_leaves_some():
    group = np.array(["a", "a", "b", "c", "c", "c"])
    held = group_split(group, 0.01, seed=0)
    assert len(set(group[held])) == 1
    assert not set(group[held]) & set(group[~held])
    assert (group_split(group, 0.01, 5) == group_split(group, 0.01, 5)).all()
    with pytest.raises(ValueError, match="at least two groups"):
        group_split(np.array([1, 1]), 0.5, 0)


def test_few_groups_are_held_out_one_after_the_other_and_many_once():
    few = np.repeat(["anna", "bo", "chi"], [2, 3, 1])
    assert [set(few[held]) for held in validation_parts(few, 0.25, seed=0)] == [
        {"anna"}, {"bo"}, {"chi"}
    ]  # fmt: skip
    many = np.arange(8)
    (held,) = validation_parts(many, 0.25, seed=0)
    assert (held == group_split(many, 0.25, seed=0)).all()
    with pytest.raises(ValueError, match="at least two groups"):
        validation_parts(np.array([1, 1]), 0.25, 0)


def test_other_seeds_hold_out_other_groups():
    group = np.repeat(np.arange(40), 3)
    held = [group_split(group, 0.25, seed) for seed in range(5)]
    assert all(each.sum() == 30 for each in held)
    assert len({each.tobytes() for each in held}) > 1


def test_a_share_of_all_leaves_a_group():
    assert group_split(np.array([0, 1, 2]), 1.0, 0).sum() == 2


def test_features_become_float32_matrices():
    made = as_matrix(np.arange(6, dtype=np.float64).reshape(3, 2)[:, ::-1])
    assert made.dtype == torch.float32
    assert made[0].tolist() == [1, 0]
    with pytest.raises(ValueError, match="row, feature"):
        as_matrix(np.zeros((2, 3, 4)))
