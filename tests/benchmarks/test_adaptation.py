"""metaworld's protocol is played as it says, and an agent that knows a task scores at the top."""

import warnings

import numpy as np
import pytest

from nsca.benchmarks.adaptation import (
    TEST_TASKS,
    AdaptationProtocol,
    AdaptingAgent,
    success_after_adaptation,
)
from nsca.errors import UserError
from nsca.worlds.metaworld.experts import Expert
from nsca.worlds.metaworld.observation import GOAL

STEPS = 130


class Knowing:
    """Opens drawers when it counts; everything else, and every adaptation, it lets pass."""

    def __init__(self) -> None:
        self.expert = Expert("drawer-open-v3")
        self.adapted, self.ended, self.forgot = 0, 0, 0
        self.saw_a_goal = False

    def init(self):
        self.forgot += 1

    def adapt_action(self, observations):
        self.saw_a_goal |= bool(observations[:, GOAL].any())
        return np.zeros((len(observations), 4)), {}

    def step(self, timestep):
        self.adapted += 1
        self.ended += int((timestep.terminated | timestep.truncated).sum())

    def adapt(self):
        pass

    def eval_action(self, observations):
        actions = np.zeros((len(observations), 4))
        row = TEST_TASKS.index("drawer-open-v3")
        actions[row] = self.expert(observations[row][None])[0]
        return actions

    def reset(self, env_mask):
        pass


def test_the_test_tasks_are_metaworlds():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from metaworld.env_dict import ML10_V3
    assert tuple(ML10_V3["test"]) == TEST_TASKS


def test_what_knows_a_task_solves_it_and_goals_are_hidden():
    agent = Knowing()
    assert isinstance(agent, AdaptingAgent)
    protocol = AdaptationProtocol(1, 2, 1, STEPS)
    rates = success_after_adaptation(agent, protocol, seed=900)
    assert rates == {task: float(task == "drawer-open-v3") for task in TEST_TASKS}
    assert (agent.adapted, agent.ended, agent.forgot) == (2 * STEPS, 2 * len(TEST_TASKS), 1)
    assert not agent.saw_a_goal


def test_metaworlds_numbers_are_the_default():
    protocol = AdaptationProtocol()
    assert (protocol.goals, protocol.adaptation_episodes, protocol.episodes) == (40, 10, 120)


@pytest.mark.parametrize("wrong", [{"goals": 51}, {"adaptation_episodes": 0}, {"max_steps": 501}])
def test_impossible_numbers_are_refused(wrong):
    with pytest.raises(UserError, match="impossible"):
        AdaptationProtocol(**wrong)
