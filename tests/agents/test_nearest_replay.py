"""Replay: one displacement from beginning to end, and blind to the goal."""

import fake_scene
import numpy as np
import pytest

from nsca.agents.contacts import SETTLED
from nsca.agents.nearest_replay import NearestReplay, replay
from nsca.agents.warped_demonstrations import wait
from nsca.agents.warping import warp
from nsca.benchmarks.success import Agent, play
from nsca.data.demonstrating import record_demonstrations
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.observation import HAND, OBJECTS

SHOWN = fake_scene.demonstration()
GOAL_SHOWN = (0.1, 0.85)


def test_the_whole_way_is_displaced_by_the_object():
    here = fake_scene.scene((0.06, 0.64), (-0.2, 0.9))
    plan = replay(SHOWN, here)
    way = SHOWN.observations[:-1, HAND].astype(np.float64)
    np.testing.assert_allclose(plan.hand - way, [(0.06, -0.06, 0.0)] * len(way), atol=1e-6)
    np.testing.assert_allclose(plan.grip, SHOWN.actions[:, 3])


def test_it_does_not_depend_on_the_goal_where_warping_does():
    near, far = (fake_scene.scene((0.06, 0.64), goal) for goal in (GOAL_SHOWN, (-0.3, 0.9)))
    np.testing.assert_array_equal(replay(SHOWN, near).target, replay(SHOWN, far).target)
    assert np.abs(warp(SHOWN, near).target - warp(SHOWN, far).target).max() > 0.1


def test_where_nothing_is_touched_nothing_is_displaced():
    still = fake_scene.demonstration()
    still.observations[:, OBJECTS[0]] = still.observations[0, OBJECTS[0]]
    plan = replay(still, fake_scene.scene((0.06, 0.64), (-0.3, 0.9)))
    np.testing.assert_allclose(plan.hand, still.observations[:-1, HAND], atol=1e-6)


def test_the_nearest_demonstration_is_replayed():
    near, far = fake_scene.demonstration((0.05, 0.7)), fake_scene.demonstration((-0.3, 0.5))
    here = fake_scene.scene((0.06, 0.7), GOAL_SHOWN)[None]
    both, alone = NearestReplay([far, near]), NearestReplay([near])
    assert isinstance(both, Agent)
    for agent in (both, alone):
        agent.begin(here)
    chosen, wanted = ([agent.act(here) for _ in range(SETTLED + 5)] for agent in (both, alone))
    np.testing.assert_array_equal(chosen[:SETTLED], [wait(far, 1)] * SETTLED)
    np.testing.assert_array_equal(chosen[SETTLED:], wanted[SETTLED:])
    assert np.abs(chosen[SETTLED][:, :3]).max() > 0


def test_it_needs_a_demonstration():
    with pytest.raises(ValueError, match="at least one"):
        NearestReplay([])


def test_it_solves_what_has_no_goal_of_its_own():
    shown = record_demonstrations("drawer-open-v3", 1, seed=103).demonstrations
    seeds = episode_seeds("drawer-open-v3", "tuning", 103, 6)
    assert play(NearestReplay(shown), "drawer-open-v3", seeds, max_steps=250).rate >= 0.8
