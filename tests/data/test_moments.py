"""Moments: windows of what was heard, masks of what is missing, clips that end."""

import numpy as np
import pytest

from nsca.data.moments import Heard, InMemory, Moments, Picked, audible


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


def apart() -> Moments:
    """Three pictures and four sounds of two classes; class 2 has a picture alone."""
    belongs = np.array([0, 1, 2, 0, 0, 1, 1])
    seen = np.arange(7) < 3
    return Moments(
        clip=np.arange(7),
        belongs=belongs,
        stored={"vision": InMemory(10 * np.arange(7)), "audio": InMemory(100 * np.arange(7))},
        present={"vision": seen, "audio": ~seen},
        action=None,
        physical=None,
        apart=True,
    )


def test_partners_belong_to_the_same_and_have_what_is_lacked():
    found = apart()
    everyone = np.arange(7)
    draws = [found.partners(everyone, np.random.default_rng(seed)) for seed in range(40)]
    for sources in draws:
        assert (found.belongs[sources] == found.belongs[:, None]).all()
        assert (sources[:3, 0] == [0, 1, 2]).all()
        assert (sources[3:, 1] == [3, 4, 5, 6]).all()
        assert found.present["audio"][sources[[0, 1], 1]].all()
        assert found.present["vision"][sources[3:, 0]].all()
    assert {int(sources[0, 1]) for sources in draws} == {3, 4}, "any sound of the class"
    again = found.partners(everyone, np.random.default_rng(7))
    assert (again == draws[7]).all()


def test_what_was_recorded_together_has_no_partners():
    sources = moments().partners(np.array([2, 4]), np.random.default_rng(0))
    assert sources.tolist() == [[2, 2, 2], [4, 4, 4]]
    whole = moments()
    assert whole.completed(0) is whole


def test_completed_moments_have_all_senses_that_their_class_has():
    whole = apart().completed(seed=3)
    assert (
        whole.there()[:, :2].tolist() == [[True, True]] * 2 + [[True, False]] + [[True, True]] * 4
    )
    assert not whole.apart
    seen = whole.stored["vision"].rows(np.array([3, 5]))
    assert seen.tolist() == [0, 10]
    heard = whole.stored["audio"].rows(np.array([0, 3]))
    assert heard[0] in (300, 400)
    assert heard[1] == 300


def test_rows_of_another_store_come_in_another_order():
    picked = Picked(InMemory(np.array([5, 6, 7])), np.array([2, 0, 0, 1]))
    assert len(picked) == 4
    assert picked.rows(np.array([3, 0])).tolist() == [6, 7]


def test_what_is_60_db_below_full_scale_is_silence():
    sounds = np.zeros((3, 4), np.int16)
    sounds[1, 2], sounds[2, 2] = 33, -34
    assert audible(InMemory(sounds)).tolist() == [False, False, True]
