"""Imagining a plan in dynamics that are the prior alone, where the outcome is known."""

import fake_scene
import numpy as np
import torch

from nsca.agents.imagination import imagine
from nsca.agents.object_dynamics import ObjectDynamics
from nsca.agents.own_body import OwnBody
from nsca.agents.scene import scene_facts
from nsca.agents.warping import warp
from nsca.priors.none import NoPrior
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight
from nsca.worlds.metaworld.observation import places

SHOWN = fake_scene.demonstration()
AT_ONCE = OwnBody(np.array([0.0, 0.0, 1.0, 0.0]), np.array([0.9, -0.05, 0.08]), 0.4)


def imagined(prior, thing=(-0.05, 0.65), goal=(0.0, 0.9)):
    torch.manual_seed(0)
    dynamics = ObjectDynamics(prior, PriorWeight(1.0, 0.0, False), members=2, width=8)
    here = fake_scene.scene(thing, goal)[None]
    plan = warp(SHOWN, here[0])
    return plan, imagine(dynamics, AT_ONCE, scene_facts([SHOWN]), here, places(here), [plan])[0]


def test_under_the_physics_prior_the_thing_comes_to_the_goal():
    plan, course = imagined(Physics(9.81))
    assert len(course.place_m) == len(plan.grip)
    np.testing.assert_allclose(course.place_m[-1, 0, :2], (0.0, 0.9), atol=0.02)
    np.testing.assert_allclose(course.hand_m[-1], plan.hand[-1], atol=0.02)


def test_without_a_prior_and_without_learning_it_stays_where_it_is():
    _, course = imagined(NoPrior())
    np.testing.assert_allclose(course.place_m[-1, 0], (-0.05, 0.65, 0.02), atol=1e-6)
    assert course.spread_m.max() == 0
