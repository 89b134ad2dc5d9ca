"""Errors of each task on windows that stay the same."""

import numpy as np
import pytest
import torch
from phases.tiny_dynamics import AHEAD, DT_S, PAST
from phases.tiny_memory import STREAM, Mirrored, tiny_data, tiny_phase
from phases.tiny_vision import tiny_trainer

from nsca.data.windows import WindowRows
from nsca.objectives import retention
from nsca.objectives.retention import errors_by_task, forgetting_and_transfer, windows_of


def fitted():
    phase, data = tiny_phase(), tiny_data()
    tiny_trainer(2, limit_val_batches=0).fit(phase, datamodule=data)
    return phase.eval(), data.stored("val")


def test_windows_are_of_the_task_and_spread(monkeypatch: pytest.MonkeyPatch):
    rows = WindowRows(Mirrored(clips=40).moments("val"), PAST, AHEAD, "mirrored")
    monkeypatch.setattr(retention, "MOST_WINDOWS", 10)
    starts = windows_of(rows, "plain")
    assert len(starts) == 10
    assert (rows.moments.task[starts] == "plain").all()
    assert np.ptp(rows.clip[starts]) > 30


def test_kept_states_err_by_the_way_that_things_go():
    phase, rows = fitted()
    found = errors_by_task(phase.imagination, rows, STREAM, kept=True)
    starts = windows_of(rows, "mirrored")
    window = rows.window(starts, 0).physical
    off = window[:, PAST:, :3] - window[:, PAST - 1 : PAST, :3]
    expected = off.square().sum(-1).mean().sqrt()
    torch.testing.assert_close(found[1, 1], expected)
    assert found.shape == (2, 2)
    assert found[:, 0].mean() == pytest.approx(1.0, abs=0.3), "in units of the training part's"
    assert found[0, 1] < 10 * AHEAD * DT_S


def test_an_imagination_that_is_right_has_no_error():
    phase, rows = fitted()

    class Right(type(phase.imagination)):
        def summary(self, imagined):
            return self.true, self.true

    phase.imagination.__class__ = Right
    phase.imagination.true = rows.window(windows_of(rows, "plain"), 0).physical[:, PAST:]
    assert errors_by_task(phase.imagination, rows, ["plain"]).abs().max() == 0


def test_what_is_forgotten_and_what_is_known_beforehand():
    after = {"first": [1.0, 0.2, 0.5, 0.6], "second": [1.0, 0.9, 0.3, 0.3]}
    errors = {(task, stage): e for task, all_ in after.items() for stage, e in enumerate(all_)}
    learned_in = {"first": 1, "second": 2}
    assert forgetting_and_transfer(errors, learned_in, 1) == {}
    both = ("forgetting", "transfer")
    for done, expected in ((2, (0.3, 0.1)), (3, (0.2, 0.1))):
        found = forgetting_and_transfer(errors, learned_in, done)
        assert found == pytest.approx(dict(zip(both, expected, strict=True)))
