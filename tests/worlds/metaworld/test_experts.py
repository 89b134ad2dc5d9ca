"""Scripted experts, steady and shaking."""

import numpy as np
import pytest

from nsca.worlds.metaworld.env import MetaWorldEnvs
from nsca.worlds.metaworld.experts import Expert
from nsca.worlds.metaworld.task_names import TASKS


def successes(task: str, expert: Expert, steps: int = 150) -> float:
    envs = MetaWorldEnvs(task, 4)
    seen, _ = envs.reset(seed=1)
    done = np.zeros(4, bool)
    for _ in range(steps):
        seen, _, _, _, info = envs.step(expert(seen))
        done |= info["success"]
    return float(done.mean())


@pytest.mark.parametrize("task", ["push-v3", "peg-insert-side-v3", "dial-turn-v3"])
def test_the_expert_succeeds(task) -> None:
    assert successes(task, Expert(task)) == 1.0


def test_every_task_has_an_expert() -> None:
    observation = np.full((1, 39), 0.3)
    assert all(Expert(task)(observation).shape == (1, 4) for task in TASKS)


def test_a_shaking_hand_is_a_worse_expert_with_the_same_grip() -> None:
    observation = MetaWorldEnvs("push", 3).reset(seed=0)[0]
    steady = Expert("push")(observation)
    shaking = Expert("push", 0.5, np.random.default_rng(0))(observation)
    assert np.abs(steady - shaking)[:, :3].max() > 0.1
    np.testing.assert_array_equal(steady[:, 3], shaking[:, 3])
    assert np.abs(shaking).max() <= 1.0


def test_noise_needs_its_generator() -> None:
    with pytest.raises(ValueError, match="needs rng"):
        Expert("push", 0.3)
