"""What paid best is done again; the control remembers nothing."""

from types import SimpleNamespace

import numpy as np

from nsca.benchmarks.adaptation import AdaptingAgent
from nsca.benchmarks.repeated_best import HELD_STEPS, RandomActing, RepeatedBest

EPISODES, LENGTH = 10, 60
SEEN = np.zeros((2, 39))


def adapted(agent: RepeatedBest) -> np.ndarray:
    """Two environments that pay for the first and for the second displacement; the returns of each
    adaptation episode.
    """
    returns = np.zeros((EPISODES, 2))
    agent.init()
    for episode in range(EPISODES):
        for step in range(LENGTH):
            actions, _ = agent.adapt_action(SEEN)
            rewards = np.array([actions[0, 0], actions[1, 1]])
            returns[episode] += rewards
            ended = np.full(2, step == LENGTH - 1)
            never = np.zeros(2, bool)
            agent.step(SimpleNamespace(reward=rewards, terminated=never, truncated=ended))
    agent.adapt()
    return returns


def evaluated(agent: RepeatedBest) -> np.ndarray:
    agent.reset(np.ones(2, bool))
    played = np.stack([agent.eval_action(SEEN) for _ in range(LENGTH)])
    return np.array([played[:, 0, 0].sum(), played[:, 1, 1].sum()])


def test_the_best_sequence_of_each_environment_is_repeated():
    agent = RepeatedBest(EPISODES, seed=0)
    assert isinstance(agent, AdaptingAgent)
    returns = adapted(agent)
    assert np.allclose(evaluated(agent), returns.max(axis=0))
    assert np.allclose(evaluated(agent), returns.max(axis=0)), "again, from its first step"
    assert (returns.argmax(axis=0) > 0).any()


def test_the_second_half_varies_the_best_and_the_first_half_does_not():
    agent, tried = RepeatedBest(EPISODES, seed=0), []
    agent.init()
    for _ in range(EPISODES):
        tried.append(agent.adapt_action(SEEN[:1])[0][0])
        for _ in range(HELD_STEPS):
            agent.adapt_action(SEEN[:1])
        one = np.ones(1)
        agent.step(SimpleNamespace(reward=one * 0, terminated=one < 0, truncated=one > 0))
    apart = np.linalg.norm(np.array(tried) - tried[0], axis=1)  # the first stays the best
    assert apart[1:5].min() > 0
    assert np.median(apart[5:]) < np.median(apart[1:5])


def test_an_episode_that_ends_alone_begins_alone():
    agent = RepeatedBest(EPISODES, seed=0)
    agent.init()
    first = agent.eval_action(SEEN)
    for _ in range(HELD_STEPS):
        agent.eval_action(SEEN)
    agent.reset(np.array([True, False]))
    again = agent.eval_action(SEEN)
    assert (again[0] == first[0]).all()
    assert (again[1] != first[1]).all()


def test_new_goals_are_begun_with_nothing():
    agent = RepeatedBest(EPISODES, seed=0)
    returns = adapted(agent)
    agent.init()
    assert not np.allclose(evaluated(agent), returns.max(axis=0))


def test_the_control_is_no_better_after_adaptation():
    agent = RandomActing(EPISODES, seed=0)
    returns = np.array([adapted(agent).max(axis=0) for _ in range(8)]).mean()
    acted = np.array([evaluated(agent) for _ in range(100)])
    assert acted.std() > 0, "every episode another sequence"
    assert abs(acted.mean()) < 0.2 * returns
