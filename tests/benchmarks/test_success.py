"""Success counts at any step, and an agent that does nothing has none."""

import math

import numpy as np
import pytest

from nsca.benchmarks.success import Played, play
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.experts import Expert


class Idle:
    def begin(self, observations):
        self.count = len(observations)

    def act(self, observations):
        return np.zeros((len(observations), 4))


class Knowing:
    def begin(self, observations):
        self.expert = Expert("push-v3")

    def act(self, observations):
        return self.expert(observations)


class Restless(Knowing):
    """Says that it begins a plan in every step."""

    def begin(self, observations):
        super().begin(observations)
        self.attempts = [0] * len(observations)

    def act(self, observations):
        self.attempts = [count + 1 for count in self.attempts]
        return super().act(observations)


@pytest.mark.parametrize("backend", ["envpool", "metaworld"])
def test_attempts_count_until_the_first_success(backend):
    seeds = episode_seeds("push-v3", "tuning", 0, 3)
    played = play(Restless(), "push-v3", seeds, backend=backend, max_steps=150)
    assert len(set(played.first.tolist())) > 1
    assert played.attempts.tolist() == (played.first + 1).tolist()
    assert played.first_plan_rate == 0.0, "it counts a plan a step, and no first step succeeds"
    assert play(Idle(), "push-v3", seeds, backend=backend, max_steps=2).attempts is None


def test_the_expert_succeeds_and_idleness_does_not():
    seeds = episode_seeds("push-v3", "tuning", 0, 3)
    played = play(Knowing(), "push-v3", seeds, max_steps=150)
    assert played.rate == 1.0
    assert (played.first > 20).all()
    idle = play(Idle(), "push-v3", seeds, max_steps=20)
    assert idle.rate == 0.0
    assert idle.first.tolist() == [-1, -1, -1]


def test_what_came_of_first_plans_is_told_from_what_came_of_further_ones():
    success, first = np.array([True, True, False, False]), np.array([3, 9, -1, -1])
    assert Played(success, first, np.array([1, 2, 1, 3])).first_plan_rate == 0.25
    assert math.isnan(Played(success, first).first_plan_rate), "it does not say"
