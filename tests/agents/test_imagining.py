"""Imagination chooses the demonstration that works here, not the nearest."""

import fake_scene
import numpy as np
import pytest
import torch

from nsca.agents.contacts import SETTLED
from nsca.agents.imagining import ImaginingAgent
from nsca.agents.object_dynamics import ObjectDynamics
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight


def physics() -> ObjectDynamics:
    torch.manual_seed(0)
    return ObjectDynamics(Physics(9.81), PriorWeight(1.0, 0.0, False), members=2, width=8)


def fumbled():
    """Like the good one, but the hand closes 10 cm beside the thing, which moves by magic."""
    shown = fake_scene.demonstration()
    shown.observations[:, 0] += np.linspace(0.0, 0.1, len(shown.observations), dtype=np.float32)
    return shown


def planned(demonstrations):
    agent = ImaginingAgent(demonstrations, physics())
    here = fake_scene.scene((0.0, 0.7), (0.1, 0.85))[None]
    agent.begin(here)
    for _ in range(SETTLED + 1):
        agent.act(here)
    return agent


def test_a_plan_that_works_in_imagination_is_taken_over_one_that_does_not():
    good = fake_scene.demonstration((0.02, 0.69))
    alone, both = planned([fumbled()]), planned([fumbled(), good, good])
    assert both.imagined_errors_m[0] < 0.5 * alone.imagined_errors_m[0]


def test_it_needs_a_demonstration():
    with pytest.raises(ValueError, match="at least one"):
        ImaginingAgent([], physics())
