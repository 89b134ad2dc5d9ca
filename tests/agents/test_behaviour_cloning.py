"""Cloning: it imitates, answers with the demonstrated gripper, and is a function of its seed."""

import dataclasses

import fake_scene
import numpy as np
import pytest

from nsca.agents import behaviour_cloning
from nsca.agents.behaviour_cloning import (
    plain_clone,
    relative_clone,
    relative_ensemble,
    training_steps,
)
from nsca.benchmarks.success import Agent
from nsca.worlds.metaworld.observation import GOAL, HAND, OBJECTS

ARMS = [plain_clone, relative_clone, relative_ensemble]
SHOWN = [fake_scene.demonstration(), fake_scene.demonstration((0.05, 0.65), (-0.05, 0.8))]
SEEN = SHOWN[0].observations[:-1].astype(np.float64)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(behaviour_cloning, "training_steps", lambda _: 150)


def with_gripper(values):
    def changed(shown):
        actions = shown.actions.copy()
        actions[:, 3] = values(len(actions))
        return dataclasses.replace(shown, actions=actions)

    return [changed(shown) for shown in SHOWN]


@pytest.mark.parametrize("arm", ARMS)
def test_it_imitates(arm):
    agent = arm(SHOWN, seed=0)
    assert isinstance(agent, Agent)
    agent.begin(SEEN[:3])
    error = np.abs(agent.act(SEEN) - SHOWN[0].actions)
    assert error[:, :3].mean() < 0.08
    assert (error[:, 3] < 1e-6).mean() > 0.9


def test_relative_cloning_does_not_care_where_the_whole_scene_is_and_plain_cloning_does():
    moved = SEEN.copy()
    for where in (HAND, OBJECTS[0], GOAL):
        moved[:, where] += (0.15, -0.1, 0.0)
    for arm in (relative_clone, relative_ensemble):
        agent = arm(SHOWN, seed=0)
        np.testing.assert_allclose(agent.act(moved), agent.act(SEEN), atol=1e-4)
    plain = plain_clone(SHOWN, seed=0)
    assert np.abs(plain.act(moved) - plain.act(SEEN))[:, :3].mean() > 0.05


@pytest.mark.parametrize("arm", ARMS)
def test_the_gripper_takes_only_the_demonstrated_values(arm):
    two = with_gripper(lambda steps: np.where(np.arange(steps) < 40, 0.0, 0.6))
    anywhere = np.random.default_rng(0).normal(scale=0.3, size=(200, 39))
    opened = arm(two, seed=0).act(np.concatenate([SEEN, anywhere]))[:, 3]
    np.testing.assert_allclose(np.unique(opened), [0.0, 0.6], atol=1e-6)
    one = with_gripper(lambda steps: np.full(steps, 0.25))
    np.testing.assert_array_equal(arm(one, seed=0).act(anywhere)[:, 3], 0.25)


def test_a_gripper_with_many_values_stays_continuous():
    many = with_gripper(lambda steps: np.linspace(-1, 1, steps))
    opened = relative_clone(many, seed=0).act(SEEN)[:, 3]
    assert len(np.unique(opened)) > 10


@pytest.mark.parametrize("arm", ARMS)
def test_actions_stay_within_their_range(arm):
    far = 10 * np.random.default_rng(0).normal(size=(100, 39))
    assert np.abs(arm(SHOWN, seed=0).act(far)).max() <= 1.0


def test_the_seed_decides_and_nothing_else():
    first = relative_ensemble(SHOWN, seed=3).act(SEEN)
    np.testing.assert_array_equal(relative_ensemble(SHOWN, seed=3).act(SEEN), first)
    assert np.abs(relative_ensemble(SHOWN, seed=4).act(SEEN) - first).max() > 1e-4


def test_an_episode_does_not_depend_on_those_beside_it():
    agent = relative_ensemble(SHOWN, seed=0)
    np.testing.assert_allclose(agent.act(SEEN)[7:8], agent.act(SEEN[7:8]), atol=1e-5)


@pytest.mark.parametrize("arm", ARMS)
def test_it_needs_a_demonstration(arm):
    with pytest.raises(ValueError, match="at least one"):
        arm([], seed=0)


def test_many_demonstrations_are_learned_longer_within_bounds():
    assert training_steps(90) == 1000
    assert training_steps(9000) == 200 * 9000 // 128
    assert training_steps(10**6) == 16_000
