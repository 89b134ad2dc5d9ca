"""A demonstration carried over: exact where nothing changed, displaced where something did."""

import fake_scene
import numpy as np

from nsca.agents.warping import warp

SHOWN = fake_scene.demonstration()


def test_the_same_scene_gives_the_demonstration_itself():
    plan = warp(SHOWN, fake_scene.scene((0.0, 0.7), (0.1, 0.85)))
    np.testing.assert_allclose(plan.hand, SHOWN.observations[:-1, :3], atol=1e-6)
    np.testing.assert_array_equal(plan.grip, SHOWN.actions[:, 3])
    np.testing.assert_array_equal(plan.step, np.arange(len(SHOWN.actions)))


def test_the_hand_meets_the_displaced_thing_and_ends_at_the_displaced_goal():
    thing, goal = (-0.06, 0.66), (0.02, 0.9)
    plan = warp(SHOWN, fake_scene.scene(thing, goal))
    touch = int(np.flatnonzero(plan.step == fake_scene.APPROACH)[0])
    np.testing.assert_allclose(plan.hand[touch, :2], thing, atol=0.01)
    np.testing.assert_allclose(plan.hand[-1, :2], goal, atol=0.01)
    np.testing.assert_allclose(plan.expected[-1, 0, :2], goal, atol=0.01)
    np.testing.assert_allclose(plan.hand[0], SHOWN.observations[0, :3], atol=0.02)


def test_a_longer_way_takes_more_steps_and_none_is_longer_than_the_hand_can():
    plan = warp(SHOWN, fake_scene.scene((-0.2, 0.5), (0.3, 1.0)))
    assert len(plan.grip) > len(SHOWN.actions)
    assert np.abs(np.diff(plan.target, axis=0)).max() <= 0.01 * (1 + 1e-6)
    assert (np.diff(plan.step) >= 0).all()


def test_where_nothing_is_moved_the_hand_goes_to_what_it_ended_at():
    reaching = fake_scene.demonstration()
    reaching.observations[:, 4:7] = (0.3, 0.5, 0.02)
    there = fake_scene.scene((0.3, 0.5), (0.1, 0.95))
    there[4:7] = (0.25, 0.55, 0.02)  # the thing lies elsewhere, which is of no concern
    plan = warp(reaching, there)
    np.testing.assert_allclose(plan.hand[-1, :2], (0.1, 0.95), atol=0.01)
