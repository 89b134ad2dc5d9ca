"""EnvPool against metaworld's own environments in every task, under the expert's actions.

The figures that `nsca/worlds/metaworld/backends.py` states were measured by this test.
"""

import numpy as np
import pytest

from nsca.worlds.metaworld.backends import (
    NOT_IN_ENVPOOL,
    EnvPoolBackend,
    MetaworldBackend,
    envpool_is_here,
)
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.experts import Expert
from nsca.worlds.metaworld.physics import AlteredPhysics
from nsca.worlds.metaworld.task_names import TASKS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not envpool_is_here(), reason="envpool is not installed"),
]
EPISODES, STEPS = 4, 200
PLACES = [0, 1, 2, 4, 5, 6, *range(11, 14), *range(36, 39)]  # hand, both objects, goal, in metres
SETTLED_M = 0.004  # metaworld's reset settles twice
# columns of the first observation that still hold a place or pose from before EnvPool's reset
STALE = {"disassemble-v3": {4, 5}, "window-close-v3": {4}}
# rewards of 0 to 10 that differ by 1 to 4 on average where all places are alike
OTHER_REWARD = {"button-press-topdown-wall-v3", "door-lock-v3", "soccer-v3"}
ALIKE_M = 0.005
ALIKE = 0.85  # share of steps at least that are alike
# contact throws things elsewhere in the two simulators; until then they are alike
PART_WAYS = {
    "peg-unplug-side-v3": 0.15,
    "sweep-into-v3": 0.25,
    "door-open-v3": 0.4,
    "disassemble-v3": 0.4,
    "hand-insert-v3": 0.55,
    "shelf-place-v3": 0.6,
    "door-close-v3": 0.65,
    "door-lock-v3": 0.7,
    "handle-press-v3": 0.75,
}


@pytest.mark.parametrize("task", sorted(set(TASKS) - NOT_IN_ENVPOOL))
def test_both_backends_play_every_task_alike(task: str) -> None:
    seeds = episode_seeds(task, "tuning", 0, EPISODES)
    fast = EnvPoolBackend(task, threads=1, max_steps=500)
    slow = MetaworldBackend(task, EPISODES, AlteredPhysics())
    seen, reference = fast.reset(seeds), slow.reset(seeds)
    compared = [column for column in PLACES if column not in STALE.get(task, ())]
    np.testing.assert_allclose(seen[:, compared], reference[:, compared], atol=SETTLED_M)
    expert, gaps, shares = Expert(task), [], []
    succeeded = [np.zeros(EPISODES, bool), np.zeros(EPISODES, bool)]
    for _ in range(STEPS):
        actions = expert(seen)
        (seen, reward, success), (other, its_reward, its_success) = (
            fast.step(actions),
            slow.step(actions),
        )
        alike = np.abs(seen - other)[:, PLACES].max(axis=1) < ALIKE_M
        gaps.extend(np.abs(reward - its_reward)[alike])
        shares.append(alike.mean())
        succeeded[0] |= success
        succeeded[1] |= its_success
    fast.close()
    assert np.mean(shares) > PART_WAYS.get(task, ALIKE)
    assert (np.mean(gaps) > 0.5) == (task in OTHER_REWARD), f"rewards differ by {np.mean(gaps):.2f}"
    # the same actions, so contact may throw what is held in one of the two; one episode of four
    assert abs(int(succeeded[0].sum()) - int(succeeded[1].sum())) <= 1
