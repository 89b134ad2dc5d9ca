"""The tray keeps things in, and its camera looks where the look says."""

import mujoco
import numpy as np

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.scene import build_scene
from nsca.worlds.tabletop.tray import TRAY_HALF_M


def test_the_camera_points_at_its_target() -> None:
    look = draw_look(np.random.default_rng(5))
    model = build_scene((), look).model
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    camera = model.camera("front").id
    forward = -data.cam_xmat[camera].reshape(3, 3)[:, 2]
    wanted = np.array(look.camera_target_m) - np.array(look.camera_position_m)
    np.testing.assert_allclose(forward, wanted / np.linalg.norm(wanted), atol=1e-6)
    assert abs(data.cam_xmat[camera].reshape(3, 3)[2, 0]) < 1e-9, "the horizon is level"


def test_walls_hold_what_is_thrown_at_them(make) -> None:
    for direction in ((1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
        scene = build_scene([make("ball_bouncy")], draw_look(np.random.default_rng(0)))
        data = mujoco.MjData(scene.model)
        at, moving = scene.position_address[0], scene.velocity_address[0]
        data.qpos[2] = data.ctrl[2] = 1.0  # the hand far above
        data.qpos[at : at + 3] = (0.0, 0.0, 0.06)
        data.qvel[moving : moving + 2] = np.array(direction) * 1.5
        for _ in range(400):
            mujoco.mj_step(scene.model, data)
        assert np.abs(data.qpos[at : at + 2]).max() < TRAY_HALF_M
