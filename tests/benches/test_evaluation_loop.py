"""Both loops really step: the same work, by our interface and by processes of metaworld's own."""

import pytest

from nsca.bench import EVALUATION_LOOPS
from nsca.benches import evaluation_loop
from nsca.benches.evaluation_loop import (
    free_processes_steps_per_second,
    metaworld_evaluation_steps_per_second,
    our_steps_per_second,
)
from nsca.worlds.metaworld.env import MetaWorldEnvs


def test_ours_plays_every_task_with_a_thread_a_core(monkeypatch):
    pytest.importorskip("envpool")
    made, step = [], MetaWorldEnvs.step

    def noted(self, actions):
        made.append((self.task, len(actions)))
        return step(self, actions)

    monkeypatch.setattr(MetaWorldEnvs, "step", noted)
    assert our_steps_per_second(episodes=2, cores=2, steps=3) > 0
    tasks = evaluation_loop.TASKS
    assert made[: len(tasks)] == [(task, 1) for task in tasks], "once to warm up"
    assert made[len(tasks) :] == [(task, 2) for task in tasks for _ in range(3)]


@pytest.mark.slow
def test_metaworlds_own_plays_in_processes():
    assert free_processes_steps_per_second(episodes=3, cores=2, steps=5) > 0


@pytest.mark.slow
def test_metaworlds_own_loop_asks_for_every_step(monkeypatch):
    agents = []
    made = evaluation_loop._RandomAgent.__init__
    monkeypatch.setattr(
        evaluation_loop._RandomAgent, "__init__", lambda self: (agents.append(self), made(self))[1]
    )
    assert metaworld_evaluation_steps_per_second(episodes=3, cores=2, steps=5) > 0
    assert agents[0].asked == len(evaluation_loop.TASKS) * 2 * 2 * 5, "two rounds of two episodes"


def test_the_bench_knows_every_loop():
    assert tuple(evaluation_loop.LOOPS) == EVALUATION_LOOPS
