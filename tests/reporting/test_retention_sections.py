"""A stream of tasks on a page: worth it or not, in words, and a line a task."""

from pathlib import Path

import pytest
from fake_stream import FORGETFUL, PERFECT, stream
from omegaconf import OmegaConf

from nsca.benchmarks.retentions import Retained
from nsca.reporting.retention_sections import retained, sentences
from nsca.reporting.run_record import RunRecord

HARMFUL = [[0.5, 0.5], [0.4, 0.9], [0.9, 0.4]]


def record(rows: list[Retained]) -> RunRecord:
    return RunRecord(
        Path(), {"seed": 0}, OmegaConf.create(), {}, None, {}, (), (), retained=tuple(rows)
    )


def test_a_sentence_says_whether_the_phase_helps():
    (good,) = sentences([stream(PERFECT)])
    assert "<b>0.200</b> at its end, 1.000 when it began, 1.000 by keeping" in good
    assert "improves it over skipping it" in good
    assert "does not improve" not in good
    (bad,) = sentences([stream(HARMFUL)])
    assert "does not improve it over skipping it" in bad
    assert "0.500 of it was forgotten" in bad
    (alone,) = sentences([stream([[1.0], [0.4]])])
    assert alone.endswith("at 0.400.")
    assert sentences([]) == []


def test_seeds_are_averaged():
    (text,) = sentences([stream(PERFECT), stream(FORGETFUL)])
    assert "<b>0.350 ± 0.150</b> at its end" in text


def test_every_task_has_a_line_and_every_condition_a_panel():
    page = retained({"memory": [record(stream(PERFECT))], "naive": [record(stream(FORGETFUL))]})
    assert "What it still knows" in page
    assert page.count(">memory<") >= 1
    assert page.count(">naive<") >= 1


@pytest.mark.parametrize("grouped", [{}, {"a": []}, {"a": [record([])]}])
def test_without_a_stream_there_is_nothing(grouped):
    assert retained(grouped) == ""
