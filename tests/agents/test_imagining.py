"""Imagination chooses what works here; what fails in reality is followed by something else."""

import fake_scene
import numpy as np
import pytest
import torch

from nsca.agents.attempts import Attempts
from nsca.agents.contacts import SETTLED
from nsca.agents.imagining import TOLERATED_M, ImaginingAgent
from nsca.agents.object_dynamics import ObjectDynamics
from nsca.agents.proposals import VARIATIONS, propose
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight
from nsca.worlds.metaworld.observation import STEP_S

THING, GOAL = (0.0, 0.7), (0.1, 0.85)


class Wall(Physics):
    """Nothing passes x = 0.05 to 0.07 below a height of 6 cm."""

    def acceleration(self, state):
        x, height = state.position_m[..., 0], state.position_m[..., 2]
        stopped = ((x > 0.05) & (x < 0.07) & (height < 0.06))[..., None]
        return torch.where(stopped, -state.velocity_m_s / STEP_S, super().acceleration(state))


def dynamics(prior=None) -> ObjectDynamics:
    torch.manual_seed(0)
    prior = prior or Physics(9.81)
    return ObjectDynamics(prior, PriorWeight(1.0, 0.0, False), members=2, width=8)


def fumbled(beside_m=0.1):
    """Like the good one, but the hand closes so far beside the thing, which moves by magic."""
    shown = fake_scene.demonstration(THING, GOAL)
    ramp = np.clip(np.arange(len(shown.observations)) / fake_scene.APPROACH, 0, 1)
    shown.observations[:, 0] -= (beside_m * ramp).astype(np.float32)
    shown.actions[: fake_scene.APPROACH, 0] -= np.float32(100 * beside_m / fake_scene.APPROACH)
    return shown


def lifted():
    """From 10 cm farther away, carried in an arc that is 12 cm high."""
    shown = fake_scene.demonstration((0.0, 0.6), GOAL)
    carry = np.arange(fake_scene.CARRY + 1) / fake_scene.CARRY
    arc = (0.12 * np.sin(np.pi * carry) ** 2).astype(np.float32)
    shown.observations[fake_scene.APPROACH :, 2] += arc
    shown.observations[fake_scene.APPROACH :, 6] += arc
    shown.actions[fake_scene.APPROACH :, 2] += np.diff(arc) / 0.01
    return shown


@pytest.fixture
def begun(monkeypatch):
    """Identities of the proposals that have been begun, in their order."""
    found, begin = [], Attempts.begin

    def spy(self, proposal, observation):
        found.append(proposal.identity)
        begin(self, proposal, observation)

    monkeypatch.setattr(Attempts, "begin", spy)
    return found


def run(agent, steps=SETTLED + 1, *, count=1, holds=True):
    """Worlds in which the agent has acted."""
    worlds = [fake_scene.World(THING, GOAL, holds=holds) for _ in range(count)]
    agent.begin(np.stack([world.seen for world in worlds]))
    for _ in range(steps):
        actions = agent.act(np.stack([world.seen for world in worlds]))
        for world, action in zip(worlds, actions, strict=True):
            world.step(action)
    return worlds


def test_what_is_imagined_to_miss_gives_way_to_what_is_imagined_to_arrive(begun):
    low = fake_scene.demonstration(THING, (0.04, 0.85))  # in its own scene no wall is in the way
    alone = ImaginingAgent([low], dynamics(Wall(9.81)))
    run(alone)
    assert alone.imagined_errors_m[0] > TOLERATED_M + 0.01
    begun.clear()
    both = ImaginingAgent([low, lifted()], dynamics(Wall(9.81)))
    run(both)
    assert begun == [(1, 0)]
    assert both.imagined_errors_m[0] < TOLERATED_M
    begun.clear()
    run(ImaginingAgent([low, lifted()], dynamics()))
    assert begun == [(0, 0)], "the nearest, where there is no wall"


def test_what_imagination_gets_wrong_about_a_demonstration_itself_does_not_count(begun):
    good = fake_scene.demonstration((-0.05, 0.69))
    agent = ImaginingAgent([good, fumbled(), good], dynamics())
    run(agent)
    assert agent.imagined_errors_m[0] > TOLERATED_M + 0.05, "imagined to miss"
    assert begun == [(1, 0)], "the nearest, as shown"


def test_without_dynamics_the_cheapest_is_taken_and_nothing_is_imagined(begun):
    shown = [fake_scene.demonstration((x, 0.7)) for x in (0.2, 0.05, 0.1)]
    agent = ImaginingAgent(shown, None)
    run(agent, count=2)
    assert begun == [(1, 0)] * 2
    assert agent.imagined_errors_m == [0.0, 0.0]


@pytest.mark.parametrize("model", [None, dynamics()])
def test_what_was_tried_is_not_repeated_while_others_are_left(begun, model):
    shown = [fake_scene.demonstration(THING, GOAL)]
    every = {one.identity for one in propose(shown, fake_scene.scene(THING, GOAL))}
    agent = ImaginingAgent(shown, model)
    run(agent, 160 * len(every), holds=False)
    assert len(every) == 1 + len(VARIATIONS) < len(begun)
    assert set(begun[: len(every)]) == every
    assert agent.attempts == [len(begun)]
    assert len(agent.imagined_errors_m) == 1, "of the first plan alone"


def test_chance_follows_from_its_seed(begun):
    shown = [fake_scene.demonstration((x, 0.7)) for x in (0.0, 0.1)]
    chosen = []
    for seed in (0, 0, 1):
        begun.clear()
        run(ImaginingAgent(shown, None, choice="chance", seed=seed), count=12)
        chosen.append(list(begun))
    first, again, other = chosen
    assert first == again != other
    assert len(set(first)) > 3, "any proposal, not the cheapest"


@pytest.mark.parametrize("model", [None, dynamics()])
def test_a_failed_attempt_is_followed_by_one_that_works(begun, model):
    good = fake_scene.demonstration((-0.05, 0.69), GOAL)
    shown = [good, fumbled(), good]
    worlds = run(ImaginingAgent(shown, model, again=False), 300)
    np.testing.assert_allclose(worlds[0].seen[4:6], THING, atol=1e-6)
    begun.clear()
    agent = ImaginingAgent(shown, model)
    (world,) = run(agent, 300)
    assert begun == [(1, 0), (0, 0)]
    assert agent.attempts == [2]
    np.testing.assert_allclose(world.seen[4:6], GOAL, atol=0.01)
    assert world.seen[3] < 1, "it stays, and holds"


def test_new_episodes_begin_with_no_attempt():
    agent = ImaginingAgent([fake_scene.demonstration(THING, GOAL)], None)
    assert agent.attempts == []
    run(agent, SETTLED, count=2)
    assert agent.attempts == [0, 0]
    run(agent, count=3)
    assert agent.attempts == [1, 1, 1]
    assert len(agent.imagined_errors_m) == 3


@pytest.mark.parametrize("model", [None, dynamics()])
def test_it_needs_a_demonstration(model):
    with pytest.raises(ValueError, match="at least one"):
        ImaginingAgent([], model)
