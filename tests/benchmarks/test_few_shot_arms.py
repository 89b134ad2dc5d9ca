"""Arms differ in what they are said to differ in, and in nothing else."""

import fake_scene
import numpy as np
import pytest

from nsca.agents.imagining import ImaginingAgent
from nsca.benchmarks import few_shot_arms, few_shot_learning
from nsca.benchmarks.few_shot_arms import BASELINES, Arm, Baseline, Imagining, PhaseArm
from nsca.benchmarks.few_shot_learning import Recipe, Shown
from nsca.benchmarks.few_shot_setting import Setting
from nsca.benchmarks.success import Agent, Played
from nsca.priors.physics import Physics

RECIPE = Recipe(steps=2, batch=8, members=2, width=8, contribution=1e-3, learning_rate=3e-3)
HERE = Setting("pick-place-v3")


@pytest.fixture
def shown() -> Shown:
    return Shown([fake_scene.demonstration()], [fake_scene.demonstration((0.02, 0.69))])


def test_a_baseline_that_does_not_exist_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'warped'"):
        Baseline("waped")


def test_what_trains_a_phase_can_learn_under_all_seeds_at_once():
    assert issubclass(Imagining, PhaseArm)
    assert issubclass(Baseline, Arm)
    assert not issubclass(Baseline, PhaseArm)


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_every_baseline_acts_within_its_range(name, shown):
    agent = BASELINES[name](shown.learned, 0)
    assert isinstance(agent, Agent)
    here = fake_scene.scene((0.01, 0.71), (0.1, 0.85))[None]
    agent.begin(here)
    for _ in range(12):
        actions = agent.act(here)
    assert actions.shape == (1, 4)
    assert np.abs(actions).max() <= 1


def test_a_baseline_is_judged_on_the_evaluation_episodes_of_its_seed(shown, monkeypatch):
    asked = {}

    def act(agent, setting, seed, episodes):
        asked.update(agent=type(agent).__name__, setting=setting, seed=seed, episodes=episodes)
        return Played(np.array([True, False]), np.array([3, -1]))

    monkeypatch.setattr(few_shot_arms, "act", act)
    figures = Baseline("warped").figures(shown, HERE, RECIPE, seed=3, episodes=7)
    assert figures == {"success": 0.5}
    assert asked == {"agent": "WarpedDemonstrations", "setting": HERE, "seed": 3, "episodes": 7}


def test_our_agent_holds_its_weight_and_a_learnable_one_moves(shown, monkeypatch):
    agents = []

    def act(agent, *_):
        agents.append(agent)
        here = fake_scene.scene((0.01, 0.71), (0.1, 0.85))[None]
        agent.begin(here)
        for _ in range(12):
            agent.act(here)
        return Played(np.array([True]), np.array([3]), np.array(agent.attempts))

    monkeypatch.setattr(few_shot_learning, "act", act)
    held = Imagining(Physics(9.81), 0.9).figures(shown, HERE, RECIPE, 0, 1)
    moved = Imagining(Physics(9.81), 0.9, learnable=True).figures(shown, HERE, RECIPE, 0, 1)
    assert isinstance(Imagining(Physics(9.81), 0.9), Arm)
    assert held["weight"] == pytest.approx(0.9)
    assert abs(moved["weight"] - 0.9) > 1e-3
    told = {"imagined", "model_error_cm", "motion_cm", "weight"}
    assert set(held) == {"success", "first_plan", "attempts"} | told
    assert held["attempts"] == 1
    assert all(isinstance(agent, ImaginingAgent) for agent in agents)
