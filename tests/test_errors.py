import copy

import pytest

from nsca.errors import UserError, show


def test_cause_and_remedy_are_kept_apart_and_shown_together():
    error = UserError("the disk is full", "free space")
    assert (error.cause, error.remedy) == ("the disk is full", "free space")
    assert str(error) == "the disk is full (free space)"


def test_it_leaves_a_worker_process_whole():
    error = copy.copy(UserError("the disk is full", "free space"))  # as pickle would
    assert (error.cause, error.remedy) == ("the disk is full", "free space")


@pytest.mark.parametrize("wanted", ["0", "1"])
def test_it_is_shown_as_two_lines_after_the_traceback_if_wanted(wanted, monkeypatch, capsys):
    monkeypatch.setenv("NSCA_TRACEBACK", wanted)
    try:
        raise UserError("no data", "make some")
    except UserError as error:
        show(error)
    shown = capsys.readouterr().err
    assert shown.endswith("error: no data\n  fix: make some\n")
    assert ("Traceback" in shown) == (wanted == "1")
