"""Moments: windows of what was heard, masks of what is missing, clips that end."""

import numpy as np
import pytest

from nsca.data.moments import Heard, InMemory, Moments


def moments(**changes) -> Moments:
    rows = np.zeros((5, 2), np.float32)
    known = {
        "clip": np.array([0, 0, 0, 1, 1]),
        "belongs": np.array([0, 0, 0, 1, 1]),
        "stored": {"proprioception": InMemory(rows)},
        "present": {"proprioception": np.array([True, True, False, True, True])},
        "action": None,
        "physical": None,
    }
    return Moments(**{**known, **changes})


def test_what_is_heard_ends_now_and_begins_in_silence():
    sounds = np.array([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]], np.int16)
    heard = Heard(sounds, sound=np.array([0, 0, 1]), until=np.array([0, 2, 6]), time=3)
    assert len(heard) == 3
    assert heard.rows(np.array([0, 1, 2])).tolist() == [[0, 0, 0], [0, 1, 2], [10, 11, 12]]
    assert heard.rows(np.array([2])).dtype == np.int16


def test_the_last_moment_of_a_clip_has_no_next_one():
    assert moments().has_next().tolist() == [True, True, False, True, False]


def test_a_sense_that_was_never_recorded_is_missing_everywhere():
    there = moments().there()
    assert there.shape == (5, 3)
    assert not there[:, :2].any()
    assert there[:, 2].tolist() == [True, True, False, True, True]


@pytest.mark.parametrize(
    "changes",
    [
        {"stored": {"proprioception": InMemory(np.zeros((4, 2), np.float32))}},
        {"present": {"audio": np.ones(5, bool)}},
        {"stored": {"smell": InMemory(np.zeros(5))}, "present": {"smell": np.ones(5, bool)}},
    ],
)
def test_parts_that_do_not_fit_are_refused(changes):
    with pytest.raises(ValueError, match=r"5 moments|senses"):
        moments(**changes)
