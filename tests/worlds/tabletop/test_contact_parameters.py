"""Which way hardness and elasticity move MuJoCo's parameters; the physics of it: test_scene."""

from math import exp, pi, sqrt

import mujoco
import numpy as np
import pytest

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.contact_parameters import contact_parameters, contact_solref
from nsca.worlds.tabletop.hand import COLLIDING
from nsca.worlds.tabletop.scene import build_scene


def test_hard_contacts_are_stiffer_and_elastic_ones_damped_less() -> None:
    assert contact_solref(1.0, 0.5)[0] < contact_solref(0.0, 0.5)[0] < 0
    assert contact_solref(0.5, 0.1)[1] < contact_solref(0.5, 0.8)[1] < 0


@pytest.mark.parametrize("elasticity", [0.05, 0.4, 0.9])
def test_damping_is_that_of_a_linear_spring_with_this_restitution(elasticity) -> None:
    stiffness, damping = contact_solref(0.3, elasticity)
    ratio = -damping / (2 * sqrt(-stiffness))
    assert exp(-pi * ratio / sqrt(1 - ratio**2)) == pytest.approx(elasticity)


def test_what_is_flat_cannot_roll_and_friction_is_the_objects_own(make) -> None:
    box = make("box_hollow", friction=0.37)
    assert contact_parameters(box, flat=True)["condim"] == 3
    assert contact_parameters(box, flat=False)["condim"] == 6
    assert contact_parameters(box, flat=True)["friction"][0] == 0.37


def test_every_part_of_the_hand_meets_every_part_of_the_object_through_its_skin(make) -> None:
    instance = make("ball_bouncy", friction=0.81)
    model = build_scene([instance], draw_look(np.random.default_rng(0))).model
    name = lambda geom: mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_GEOM, geom)  # noqa: E731
    pairs = {name(first) for first in (*model.pair_geom1.tolist(), *model.pair_geom2.tolist())}
    assert pairs >= {*COLLIDING, "object0.0"}
    assert model.pair_friction[:, 0].tolist() == [0.81] * model.npair
