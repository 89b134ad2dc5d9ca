import numpy as np
import pytest

from nsca.data.sample_order import clip_bounds, neighbours, sample_order, steps_per_epoch


def test_an_epoch_shows_every_sample_at_most_once():
    steps = steps_per_epoch(samples=10, batch=3)
    assert steps == 3
    epoch = np.concatenate([sample_order(0, step, 10, 3) for step in range(steps)])
    assert len(np.unique(epoch)) == 9


def test_the_order_is_a_pure_function_of_seed_and_step():
    late_first = sample_order(5, 1000, 64, 8).copy()
    for step in range(20):
        sample_order(5, step, 64, 8)
    np.random.seed(3)
    assert np.array_equal(sample_order(5, 1000, 64, 8), late_first)
    assert not np.array_equal(sample_order(6, 1000, 64, 8), late_first)


def test_epochs_differ():
    first = np.concatenate([sample_order(0, step, 64, 8) for step in range(8)])
    second = np.concatenate([sample_order(0, step, 64, 8) for step in range(8, 16)])
    assert not np.array_equal(first, second)
    assert np.array_equal(np.sort(first), np.sort(second))


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="do not fill"):
        sample_order(0, 0, samples=3, batch=4)


def test_clip_bounds():
    first, last = clip_bounds(np.array([4, 4, 4, 1, 9, 9]))
    assert first.tolist() == [0, 0, 0, 3, 4, 4]
    assert last.tolist() == [2, 2, 2, 3, 5, 5]


def test_neighbours_are_near_others_of_the_same_clip():
    clip = np.repeat(np.arange(20), 8)
    frames = np.arange(len(clip))
    seen = set()
    for step in range(30):
        near = neighbours(0, step, frames, clip_bounds(clip), reach=3)
        assert np.array_equal(clip[near], clip[frames])
        distance = np.abs(near - frames)
        assert distance.min() >= 1
        assert distance.max() <= 3
        seen |= set((near - frames).tolist())
    assert seen == {-3, -2, -1, 1, 2, 3}
    again = neighbours(0, 29, frames, clip_bounds(clip), reach=3)
    assert np.array_equal(near, again)


def test_a_clip_of_one_frame_is_its_own_neighbour():
    clip = np.array([0, 1, 2])
    near = neighbours(0, 0, np.array([1]), clip_bounds(clip), reach=4)
    assert near.tolist() == [1]
