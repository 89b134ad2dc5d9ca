import numpy as np
import pytest

from nsca.worlds.buoyant import GRAVITY_M_S2, BuoyantObject

START = np.array([[0.0, 0.0, 1.0], [0.2, 0.0, 0.0]]), np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 2.0]])


@pytest.mark.parametrize(("lift", "sign"), [(1.5, 1), (0.0, -1)])
def test_a_balloon_rises_and_a_stone_falls(lift, sign):
    position, velocity = BuoyantObject(lift, drag_per_s=1.0).motion(*START, dt_s=0.01, steps=200)
    assert position.shape == velocity.shape == (2, 201, 3)
    assert (np.sign(position[:, -1, 2] - position[:, 0, 2]) == sign).all()
    np.testing.assert_allclose(position[:, 0], START[0])
    np.testing.assert_allclose(velocity[:, 0], START[1])


def test_the_motion_solves_its_equation():
    world = BuoyantObject(1.3, drag_per_s=0.7)
    position, velocity = world.motion(*START, dt_s=1e-3, steps=100)
    measured = np.gradient(velocity, 1e-3, axis=1)[:, 1:-1]
    np.testing.assert_allclose(measured, world.acceleration_m_s2(velocity)[:, 1:-1], atol=1e-4)
    np.testing.assert_allclose(
        np.gradient(position, 1e-3, axis=1)[:, 1:-1], velocity[:, 1:-1], atol=1e-4
    )


def test_without_much_air_it_is_free_fall():
    position, _ = BuoyantObject(0.0, drag_per_s=1e-6).motion(*START, dt_s=1.0, steps=1)
    assert position[0, 1, 2] == pytest.approx(1.0 - 1.0 - GRAVITY_M_S2 / 2, abs=1e-3)
