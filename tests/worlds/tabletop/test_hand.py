"""The hand obeys its servos, within their force limits, and carries its own weight."""

import mujoco
import numpy as np
import pytest

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.hand import FORCE_LIMIT_N, OPENING_M
from nsca.worlds.tabletop.scene import build_scene


@pytest.fixture
def hand() -> tuple[mujoco.MjModel, mujoco.MjData]:
    model = build_scene((), draw_look(np.random.default_rng(0))).model
    return model, mujoco.MjData(model)


def test_it_goes_where_its_servos_point(hand) -> None:
    model, data = hand
    data.ctrl[:] = [0.05, -0.04, 0.1, 0.7, 0.03, 0.02]
    mujoco.mj_step(model, data, 400)
    np.testing.assert_allclose(data.qpos[:6], data.ctrl, atol=1e-3)
    assert np.abs(data.actuator_force[:3]).max() < 0.05, "it should not feel its own weight"


def test_servo_forces_and_fingers_are_limited(hand) -> None:
    model, data = hand
    data.ctrl[:] = [10.0, 0.0, 0.1, 0.0, 1.0, 1.0]
    mujoco.mj_step(model, data)
    assert data.actuator_force[0] == pytest.approx(FORCE_LIMIT_N)
    mujoco.mj_step(model, data, 200)
    assert data.qpos[4] < OPENING_M + 0.004


def test_it_cannot_be_pressed_through_the_table(hand) -> None:
    model, data = hand
    data.qpos[2] = data.ctrl[2] = 0.05
    data.ctrl[2] = -0.02
    mujoco.mj_step(model, data, 400)
    assert data.qpos[2] > 0.005
    assert data.actuator_force[2] < -10
