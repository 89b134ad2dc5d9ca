"""The tray on which everything happens, its light and its camera."""

from math import sqrt

import mujoco
import numpy as np

from nsca.worlds.tabletop.appearance import SceneLook

TRAY_HALF_M = 0.155
RIM_HEIGHT_M = 0.015
TABLE_CONTACT, WALL_CONTACT = 1, 2
UNDRAWN_GROUP = 4


def add_tray(spec: mujoco.MjSpec, look: SceneLook) -> None:
    """A table, four walls that only physics knows, a rim to look at, one light, one camera."""
    world, half = spec.worldbody, TRAY_HALF_M
    world.add_light(
        pos=look.light_position_m,
        dir=tuple(-axis for axis in look.light_position_m),
        diffuse=[look.light_strength] * 3,
        specular=[0.4 * look.light_strength] * 3,
        directional=True,
        castshadow=False,
    )
    camera = np.array(look.camera_position_m)
    back = camera - np.array(look.camera_target_m)
    back /= np.linalg.norm(back)
    right = np.cross((0.0, 0.0, 1.0), back)
    right /= np.linalg.norm(right)
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.stack([right, np.cross(back, right), back], axis=1).ravel())
    world.add_camera(name="front", pos=camera, quat=quaternion, fovy=look.camera_fovy_deg)
    world.add_geom(
        name="table",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(half, half, 0.05),
        contype=TABLE_CONTACT,
        conaffinity=0,
        group=UNDRAWN_GROUP,
    )
    rim = tuple(0.6 * channel for channel in look.table_rgb)
    world.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(half, half, 0.01),
        pos=(0, 0, -0.01),
        material=look.table_material,
        rgba=(*look.table_rgb, 1),
        contype=0,
        conaffinity=0,
    )
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        world.add_geom(
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            size=(half, half, 0.05),
            pos=(x * half, y * half, 0),
            quat=_facing(-x, -y),
            contype=WALL_CONTACT,
            conaffinity=0,
            group=UNDRAWN_GROUP,
        )
        world.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(0.004 if x else half + 0.008, 0.004 if y else half + 0.008, RIM_HEIGHT_M),
            pos=(x * (half + 0.004), y * (half + 0.004), RIM_HEIGHT_M - 0.02),
            rgba=(*rim, 1),
            contype=0,
            conaffinity=0,
        )


def _facing(x: float, y: float) -> tuple[float, float, float, float]:
    """Rotation that turns +z into the horizontal unit vector (x, y, 0)."""
    return sqrt(0.5), -sqrt(0.5) * y, sqrt(0.5) * x, 0.0
