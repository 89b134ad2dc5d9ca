import copy

from nsca.errors import UserError


def test_cause_and_remedy_are_kept_apart_and_shown_together():
    error = UserError("the disk is full", "free space")
    assert (error.cause, error.remedy) == ("the disk is full", "free space")
    assert str(error) == "the disk is full (free space)"


def test_it_leaves_a_worker_process_whole():
    error = copy.copy(UserError("the disk is full", "free space"))  # as pickle would
    assert (error.cause, error.remedy) == ("the disk is full", "free space")
