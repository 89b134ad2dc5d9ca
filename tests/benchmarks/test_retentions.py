"""Figures of a stream of tasks: what is forgotten, and what tasks give each other."""

from pathlib import Path

import pytest
from fake_stream import FORGETFUL, PERFECT, stream

from nsca.benchmarks.retentions import Retained, holds_retention, retention_metrics, summary
from nsca.benchmarks.scores import read_table, write_table


def test_who_forgets_is_told_from_who_does_not():
    lost, kept = summary(stream(FORGETFUL)), summary(stream(PERFECT))
    assert lost["forgetting"] == pytest.approx((0.6 + 0.3) / 2)
    assert kept["forgetting"] == 0
    assert lost["learned"] == kept["learned"] == pytest.approx(0.2)
    assert (lost["end"], kept["end"]) == (pytest.approx(0.5), pytest.approx(0.2))
    assert (lost["gain"], kept["gain"]) == (pytest.approx(0.5), pytest.approx(0.8))
    assert lost["last"] == pytest.approx(0.2)


def test_transfer_is_what_earlier_tasks_give():
    assert summary(stream(FORGETFUL))["transfer"] == pytest.approx((0.1 + 0.3) / 2)
    assert summary(stream(PERFECT))["transfer"] == 0


def test_of_one_stage_nothing_is_forgotten():
    found = summary(stream([[1.0], [0.4]]))
    assert not {"forgetting", "transfer"} & found.keys(), "0 would say that it was measured"
    assert found["end"] == found["last"] == 0.4


def test_names_of_figures():
    found = retention_metrics(stream(FORGETFUL, kept=0.9))
    assert found["val/error/b_2/trained"] == 0.2
    assert found["val/error/end/copy_last"] == pytest.approx(0.9)
    assert found["val/error/end/before"] == found["val/error/begun/trained"]
    assert found["val/error/begun/trained"] == 1.0


def test_a_table_is_recognised_and_read_back(tmp_path: Path):
    rows = stream(PERFECT)
    write_table(rows, tmp_path / "retention.csv", Retained)
    assert holds_retention(tmp_path / "retention.csv")
    assert read_table(tmp_path / "retention.csv", Retained) == rows
    (tmp_path / "other.csv").write_text("split,task\n")
    assert not holds_retention(tmp_path / "other.csv")
