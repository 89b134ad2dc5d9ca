"""Altered gravity, mass and friction, measured on trajectories."""

import numpy as np
import pytest

from nsca.worlds.metaworld.backends import MetaworldBackend
from nsca.worlds.metaworld.experts import Expert
from nsca.worlds.metaworld.physics import AlteredPhysics, movable_bodies

IDLE = np.zeros((1, 4))


def fallen_m(physics: AlteredPhysics) -> float:
    """How far the puck falls in 10 steps from 30 cm."""
    backend = MetaworldBackend("pick-place-v3", 1, physics)
    backend.reset([3])
    env = backend.environments[0]
    env._set_obj_xyz(np.array([0.1, 0.7, 0.3]))
    start = env._get_pos_objects()[2]
    for _ in range(10):
        backend.step(IDLE)
    return float(start - env._get_pos_objects()[2])


def test_things_fall_as_fast_as_gravity_says() -> None:
    time_s = 10 * 0.0125
    assert fallen_m(AlteredPhysics()) == pytest.approx(0.5 * 9.81 * time_s**2, rel=0.05)
    assert fallen_m(AlteredPhysics(gravity=0.5)) == pytest.approx(
        0.5 * fallen_m(AlteredPhysics()), rel=0.02
    )
    assert fallen_m(AlteredPhysics(mass=5.0)) == pytest.approx(fallen_m(AlteredPhysics()), rel=0.01)


def slid_m(physics: AlteredPhysics) -> float:
    """How far the puck slides when it is flung over the table."""
    backend = MetaworldBackend("push-v3", 1, physics)
    backend.reset([3])
    env = backend.environments[0]
    velocity = env.data.qvel.copy()
    velocity[9] = 0.5
    env.set_state(env.data.qpos.copy(), velocity)
    start = env._get_pos_objects()[0]
    for _ in range(60):
        backend.step(IDLE)
    return float(abs(env._get_pos_objects()[0] - start))


def test_less_friction_slides_farther() -> None:
    assert slid_m(AlteredPhysics(friction=0.2)) > 1.5 * slid_m(AlteredPhysics())


def frictions(physics: AlteredPhysics) -> tuple[float, float]:
    """Of the block of pick-place: on what it lies on, and between the fingers of the expert."""
    backend, expert = MetaworldBackend("pick-place-v3", 1, physics), Expert("pick-place-v3")
    seen = backend.reset([3])
    model, data = backend.environments[0].model, backend.environments[0].data
    own = model.body("obj").id
    below, grip = set(), set()
    for _ in range(60):
        seen, _, _ = backend.step(expert(seen))
        for contact in data.contact:
            pair = {int(model.geom_bodyid[geom]) for geom in contact.geom}
            if own in pair:
                other = model.body((pair - {own}).pop()).name
                (grip if "pad" in other.lower() else below).add(float(contact.friction[0]))
    return max(below), max(grip)


def test_a_slippery_thing_slips_in_the_hand_too_and_any_factor_takes_the_fingers_share() -> None:
    assert frictions(AlteredPhysics()) == pytest.approx((1.0, 2.0))
    assert frictions(AlteredPhysics(friction=0.999)) == pytest.approx((0.999, 0.999))
    assert frictions(AlteredPhysics(friction=0.3)) == pytest.approx((0.3, 0.3))


def test_a_heavier_thing_is_heavier() -> None:
    plain, heavy = (
        MetaworldBackend("hammer-v3", 1, physics).environments[0].model
        for physics in (AlteredPhysics(), AlteredPhysics(mass=4.0))
    )
    moved = movable_bodies(plain)
    assert {plain.body(body).name for body in moved} == {"hammer", "nail_link"}
    others = [body for body in range(plain.nbody) if body not in moved]
    np.testing.assert_allclose(heavy.body_mass[moved], 4.0 * plain.body_mass[moved])
    np.testing.assert_array_equal(heavy.body_mass[others], plain.body_mass[others])


@pytest.mark.parametrize("wrong", [{"mass": 0.0}, {"friction": -0.1}])
def test_impossible_factors_are_refused(wrong) -> None:
    with pytest.raises(ValueError, match="mass must be above 0"):
        AlteredPhysics(**wrong)
