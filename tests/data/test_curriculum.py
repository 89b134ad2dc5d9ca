"""Thirds by difficulty: which rows a step sees, and what counts as difficult."""

import numpy as np
import pytest

from nsca.data.curriculum import (
    Curriculum,
    Thirds,
    body_motion,
    in_thirds,
    picture_motion,
    quietness,
)
from nsca.data.sample_order import sample_order

DIFFICULTY = np.random.default_rng(0).permutation(30).astype(np.float64)
THIRDS = in_thirds(DIFFICULTY, Curriculum(enabled=True, epochs=2))
BATCH = 5
FIRST, SECOND = 2 * 2, 2 * 4  # epochs by batches of 10 and of 20 rows


def test_the_easiest_third_comes_first_then_two_thirds_then_all():
    hardest = [DIFFICULTY[THIRDS.rows(0, step, BATCH)].max() for step in range(30)]
    assert max(hardest[:FIRST]) == 9
    assert max(hardest[FIRST : FIRST + SECOND]) == 19
    assert max(hardest[FIRST + SECOND :]) == 29


def test_an_epoch_of_each_part_shows_each_of_its_rows_once():
    starts = {0: 10, FIRST: 20, FIRST + SECOND: 30}
    for start, count in starts.items():
        steps = range(start, start + count // BATCH)
        seen = np.concatenate([THIRDS.rows(0, step, BATCH) for step in steps])
        assert np.array_equal(np.sort(DIFFICULTY[seen]), np.arange(count))


def test_rows_are_a_pure_function_of_seed_and_step():
    late = THIRDS.rows(3, 9, BATCH)
    for step in range(20):
        THIRDS.rows(3, step, BATCH)
    assert np.array_equal(THIRDS.rows(3, 9, BATCH), late)
    assert not np.array_equal(THIRDS.rows(4, 9, BATCH), late)


def test_afterwards_all_rows_come_as_without_a_curriculum():
    for step in range(7):
        expected = sample_order(1, step, 30, BATCH)
        assert np.array_equal(THIRDS.rows(1, FIRST + SECOND + step, BATCH), expected)


def test_equally_difficult_rows_stay_in_order():
    assert in_thirds(np.zeros(6), Curriculum()).easiest_first.tolist() == list(range(6))
    assert isinstance(THIRDS, Thirds)


def test_a_third_of_no_epochs_is_refused():
    with pytest.raises(ValueError, match="at least 1 epoch"):
        Curriculum(enabled=True, epochs=0)


def test_pictures_are_as_difficult_as_they_move_within_their_clip():
    images = np.zeros((6, 4, 4, 3), np.uint8)
    images[1] = 30  # clip 0: black, 30, 30; clip 1: white, 155; clip 2: alone
    images[2] = 30
    images[3], images[4] = 255, 155
    found = picture_motion(images, np.array([0, 0, 0, 1, 1, 2]))
    assert found.tolist() == [30, 30, 0, 100, 100, 0]


def test_sounds_are_as_difficult_as_they_are_quiet():
    times = np.arange(1000) / 1000
    sounds = [gain * np.sin(2 * np.pi * 50 * times) for gain in (32767, 3276.7, 0)]
    loud, soft, silent = quietness(np.stack(sounds).astype(np.int16))
    assert loud == pytest.approx(3.01, abs=0.01)
    assert soft - loud == pytest.approx(20, abs=0.05)
    assert silent == pytest.approx(90.3, abs=0.1)


def test_moments_are_as_difficult_as_thing_and_hand_are_fast():
    physical = np.zeros((3, 13), np.float32)
    physical[0, :3] = 7.0  # a place is no movement
    physical[1, 3:6] = [3.0, 4.0, 0.0]
    physical[2, 4], physical[2, 10] = 1.0, 2.0
    assert body_motion(physical).tolist() == [0, 5, 3]
    assert body_motion(physical[:, :6]).tolist() == [0, 5, 1]
