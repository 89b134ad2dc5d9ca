"""What a cloned policy sees: from each other, and from nowhere."""

import dataclasses

import fake_scene
import numpy as np

from nsca.agents.clone_features import gripper_levels, relative, standardised
from nsca.worlds.metaworld.observation import GOAL, HAND, OBJECTS

SHOWN = fake_scene.demonstration()
SEEN = SHOWN.observations.astype(np.float64)
SECOND = slice(11, 14)


def displaced(seen, shift):
    """Hand, first object and goal together; the second is not there."""
    moved = seen.copy()
    for where in (HAND, OBJECTS[0], GOAL):
        moved[:, where] += shift
    return moved


def test_relative_features_do_not_see_where_the_whole_scene_is_and_the_others_do():
    moved = displaced(SEEN, (0.07, -0.04, 0.0))
    np.testing.assert_allclose(relative(moved), relative(SEEN), atol=1e-9)
    plain = standardised([SHOWN])
    assert np.abs(plain(moved) - plain(SEEN)).max() > 0.5


def test_relative_features_see_each_thing_move():
    both = SEEN.copy()
    both[:, SECOND] = (0.2, 0.6, 0.05)
    for where in (HAND, *OBJECTS, GOAL):
        moved = both.copy()
        moved[:, where] += (0.01, 0.01, 0.01)
        assert np.abs(relative(moved) - relative(both)).max() > 0.05


def test_an_absent_object_is_zeros_wherever_the_rest_is():
    seen = SEEN.copy()
    seen[:, OBJECTS[0]] = 0.0
    vectors = relative(seen)[:, :36].reshape(-1, 2, 6, 3)
    assert not vectors[:, :, [0, 1, 2, 3, 5]].any()
    assert vectors[:, :, 4].any()


def test_relative_features_stay_within_one():
    assert np.abs(relative(100 * SEEN + 5)[:, :-1]).max() <= 1.0


def test_standardised_features_have_mean_zero_and_spread_one_or_none():
    seen = standardised([SHOWN])(SEEN[:-1])
    np.testing.assert_allclose(seen.mean(axis=0), 0.0, atol=1e-6)
    spread = seen.std(axis=0)
    assert np.all((np.abs(spread - 1.0) < 1e-5) | (spread < 1e-3))
    assert spread.max() > 0.9


def test_what_never_varied_stays_small_when_it_does():
    moved = SEEN.copy()
    moved[:, GOAL] += 0.1
    assert np.abs(standardised([SHOWN])(moved)[:, GOAL]).max() < 0.11


def test_the_gripper_has_the_demonstrated_levels():
    actions = SHOWN.actions.copy()
    actions[:, 3] = np.where(actions[:, 3] > 0, 0.6, 0.0)
    two = dataclasses.replace(SHOWN, actions=actions)
    np.testing.assert_allclose(gripper_levels([two]), [0.0, 0.6], atol=1e-6)
    constant = dataclasses.replace(SHOWN, actions=np.full_like(actions, 0.5))
    np.testing.assert_array_equal(gripper_levels([constant]), [0.5, 0.5])
    assert gripper_levels([SHOWN, two]) is None
