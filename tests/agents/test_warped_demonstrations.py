"""The model-free baseline, by itself and in the world."""

import fake_scene
import numpy as np
import pytest

from nsca.agents.contacts import SETTLED
from nsca.agents.warped_demonstrations import WarpedDemonstrations, by_nearness, wait
from nsca.benchmarks.success import play
from nsca.data.demonstrating import record_demonstrations
from nsca.worlds.metaworld.episode_seeds import episode_seeds


def test_the_nearest_scene_comes_first():
    near, far = fake_scene.demonstration((0.05, 0.7)), fake_scene.demonstration((-0.3, 0.5))
    assert by_nearness([far, near], fake_scene.scene((0.0, 0.7), (0.1, 0.85))) == [near, far]


def test_the_hand_waits_until_things_have_settled():
    shown = fake_scene.demonstration()
    agent = WarpedDemonstrations([shown])
    seen = np.stack([fake_scene.scene((0.0, 0.7), (0.1, 0.85))] * 2)
    agent.begin(seen)
    for _ in range(SETTLED):
        np.testing.assert_array_equal(agent.act(seen), wait(shown, 2))
    assert np.abs(agent.act(seen)[:, :3]).max() > 0


def test_it_needs_a_demonstration():
    with pytest.raises(ValueError, match="at least one"):
        WarpedDemonstrations([])


@pytest.mark.parametrize("task", ["push-v3", "drawer-open-v3", "assembly-v3"])
def test_one_demonstration_is_enough_where_geometry_is(task):
    shown = record_demonstrations(task, 1, seed=3).demonstrations
    seeds = episode_seeds(task, "tuning", 3, 6)
    assert play(WarpedDemonstrations(shown), task, seeds, max_steps=250).rate >= 0.8
