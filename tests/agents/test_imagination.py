"""Imagining a plan in dynamics that are the prior alone, where the outcome is known."""

from dataclasses import replace

import fake_scene
import numpy as np
import torch

from nsca.agents.imagination import imagine
from nsca.agents.object_dynamics import ObjectDynamics
from nsca.agents.proposals import Variation, vary
from nsca.agents.scene import scene_facts
from nsca.agents.warping import warp
from nsca.priors.gravity import Gravity
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight
from nsca.worlds.metaworld.observation import places

ASIDE = (0.3, 0.5, 0.02)  # where a second thing lies that nobody touches
THING, GOAL = (-0.05, 0.65), (0.0, 0.9)


def with_another(observations):
    observations[..., 11:14] = ASIDE
    return observations


SHOWN = fake_scene.demonstration()
with_another(SHOWN.observations)
HERE = with_another(fake_scene.scene(THING, GOAL))
PLAN = warp(SHOWN, HERE)


def dynamics(prior, weight=1.0):
    torch.manual_seed(0)
    return ObjectDynamics(prior, PriorWeight(weight, 0.0, False), members=2, width=8)


def imagined(model, *plans):
    rest = np.repeat(places(HERE)[None], len(plans), axis=0)
    return imagine(model, scene_facts([SHOWN]), rest, plans)


def test_under_the_physics_prior_what_is_held_goes_where_the_hand_is_planned_to():
    course = imagined(dynamics(Physics(9.81)), PLAN)[0]
    assert len(course.place_m) == len(PLAN.grip)
    end = PLAN.hand[-1] - (0.0, 0.0, 0.04)
    np.testing.assert_allclose(end[:2], GOAL, atol=0.01)
    np.testing.assert_allclose(course.place_m[-1, 0], end, atol=0.01)
    half = int(np.flatnonzero(PLAN.step == 60)[0])
    np.testing.assert_allclose(course.place_m[half, 0], PLAN.hand[half] - (0, 0, 0.04), atol=0.02)


def test_what_is_not_touched_stays():
    missed = vary(PLAN, Variation((0.1, 0.0, 0.0)), fake_scene.APPROACH)
    held, untouched = imagined(dynamics(Physics(9.81)), PLAN, missed)
    np.testing.assert_allclose(held.place_m[:, 1] - ASIDE, 0.0, atol=1e-3)
    np.testing.assert_allclose(untouched.place_m[:, 0] - (*THING, 0.02), 0.0, atol=1e-3)


def test_only_a_closed_hand_lifts():
    height = np.clip((PLAN.step - fake_scene.APPROACH) / fake_scene.CARRY, 0, 1) * 0.1
    closed = replace(PLAN, hand=PLAN.hand + height[:, None] * (0, 0, 1))
    opened = replace(closed, grip=-np.ones_like(closed.grip))
    lifted, left = imagined(dynamics(Physics(9.81)), closed, opened)
    assert lifted.place_m[-1, 0, 2] > 0.1
    np.testing.assert_allclose(left.place_m[:, 0, 2], 0.02, atol=1e-3)


def test_a_short_plan_beside_a_long_one_is_imagined_as_if_alone():
    model = dynamics(Physics(9.81))
    longer = warp(SHOWN, fake_scene.scene((-0.3, 0.5), (0.3, 1.0)))
    assert len(longer.grip) > len(PLAN.grip)
    alone, (beside, other) = imagined(model, PLAN)[0], imagined(model, PLAN, longer)
    assert len(other.place_m) == len(longer.grip)
    np.testing.assert_allclose(beside.place_m, alone.place_m, atol=1e-5)


def test_without_gravity_and_without_learning_it_stays_where_it_is():
    course = imagined(dynamics(Gravity(0.0)), PLAN)[0]
    np.testing.assert_allclose(course.place_m[-1, 0], (*THING, 0.02), atol=1e-6)
    assert course.spread_m.max() == 0


def test_the_spread_is_that_of_the_members():
    model = dynamics(Physics(9.81), weight=0.5)
    assert imagined(model, PLAN)[0].spread_m[-1].min() > 0
    for parameter in model.blend.correction.parameters():
        parameter.data[:] = parameter.data[:1].clone()
    assert imagined(model, PLAN)[0].spread_m.max() < 1e-6
