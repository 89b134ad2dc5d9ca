"""Outcomes survive the way into a table and have flat names; shares come with their interval."""

import fake_record
import numpy as np
import pytest

from nsca.benchmarks.outcomes import (
    MODEL_ERROR,
    SUCCESS,
    Outcome,
    holds_outcomes,
    outcome_metrics,
    share,
)
from nsca.benchmarks.scores import Score, read_table, write_table


def success(task: str, seed: int, hits: list[bool], agent: str = "trained") -> Outcome:
    return share(task, 5, seed, agent, SUCCESS, np.array(hits), "envpool")


def test_a_share_lies_within_its_interval():
    found = success("push-v3", 0, [True, True, False, True])
    assert found.value == 0.75
    assert 0 < found.low < 0.75 < found.high < 1
    assert found.samples == 4


def test_the_table_gives_back_what_was_written_and_is_told_from_scores(tmp_path):
    rows = [success("push-v3", seed, [True, False]) for seed in (0, 1)]
    write_table(rows, tmp_path / "agents.csv", Outcome)
    assert read_table(tmp_path / "agents.csv", Outcome) == rows
    write_table(fake_record.scores(), tmp_path / "features.csv", Score)
    assert holds_outcomes(tmp_path / "agents.csv")
    assert not holds_outcomes(tmp_path / "features.csv")


def test_metrics_are_means_over_seeds_and_over_tasks():
    rows = [
        success("push-v3", 0, [True, True]),
        success("push-v3", 1, [True, False]),
        success("reach-v3", 0, [False, False]),
        success("reach-v3", 1, [False, True]),
    ]
    nan = float("nan")
    rows.append(Outcome("push-v3", 5, 0, "still", MODEL_ERROR, 2.0, nan, nan, 3, "held out"))
    assert outcome_metrics(rows) == pytest.approx(
        {
            "push-v3/5/success/trained": 0.75,
            "reach-v3/5/success/trained": 0.25,
            "push-v3/5/model_error_cm/still": 2.0,
            "mean/5/success/trained": 0.5,
        }
    )
