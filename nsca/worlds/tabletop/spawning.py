"""Where objects and hand stand when an interaction starts: holding, near, touching or free.

Object poses depend on chance, visible shape and size only: look-alikes stand alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import cos, hypot, pi, sin

import mujoco
import numpy as np
from numpy.random import Generator

from nsca.worlds.tabletop.hand import COLLIDING, LOWEST_GRIP_M, OPENING_M
from nsca.worlds.tabletop.kinds import ObjectInstance
from nsca.worlds.tabletop.primitives import CLEARANCE_M, Parameters, grip_yaw_rad
from nsca.worlds.tabletop.scene import Scene
from nsca.worlds.tabletop.tray import TRAY_HALF_M

SIDEWAYS = ("reach", "strike", "push")  # primitives that come from the side
HAND_REACH_M = 0.055  # from the grip point outwards: no part of the hand is farther
TOUCHING_GAP_M = 0.0003  # "touching": what settles by less is not yet pushed
APPROACHES = 30  # along a slanting side the distance shrinks slowly
NEAR_GAP_M = (0.03, 0.05)
ATTEMPTS = 60


@dataclass(frozen=True)
class Pose:
    """Of an object standing on the table: horizontal place and heading."""

    x_m: float
    y_m: float
    yaw_rad: float


def draw_poses(
    objects: Sequence[ObjectInstance], target: int, direction_rad: float, rng: Generator
) -> list[Pose]:
    """The target near the middle, set back against the direction; the others out of the way."""
    radii = [instance.shape.radius * instance.size_m for instance in objects]
    poses: list[Pose] = []
    back_m = 0.04
    x_m = float(rng.uniform(-0.03, 0.03)) - back_m * cos(direction_rad)
    y_m = float(rng.uniform(-0.03, 0.03)) - back_m * sin(direction_rad)
    places: dict[int, tuple[float, float]] = {target: (x_m, y_m)}
    for index, radius_m in enumerate(radii):
        if index == target:
            continue
        best, best_m = (0.0, 0.0), -np.inf
        limit_m = TRAY_HALF_M - radius_m - 0.005
        for _ in range(ATTEMPTS):
            place = (float(rng.uniform(-limit_m, limit_m)), float(rng.uniform(-limit_m, limit_m)))
            free_m = min(
                hypot(place[0] - other[0], place[1] - other[1])
                - radius_m
                - (max(radii[key], 0.062) if key == target else radii[key])
                for key, other in places.items()
            )
            if free_m > best_m:
                best, best_m = place, free_m
            if free_m > 0.012:
                break
        places[index] = best
    for index in range(len(objects)):
        poses.append(Pose(*places[index], float(rng.uniform(-pi, pi))))
    return poses


def stand(scene: Scene, data: mujoco.MjData, poses: Sequence[Pose]) -> None:
    """Put every (unbroken) object on the table at its pose, at rest."""
    for instance, address, pose in zip(scene.objects, scene.position_address, poses, strict=True):
        data.qpos[address : address + 7] = (
            pose.x_m,
            pose.y_m,
            instance.shape.half_z * instance.size_m,
            cos(pose.yaw_rad / 2),
            0.0,
            0.0,
            sin(pose.yaw_rad / 2),
        )


def spawn_hand(
    scene: Scene,
    data: mujoco.MjData,
    primitive: str,
    spawn: str,
    target: int,
    pose: Pose,
    parameters: Parameters,
    rng: Generator,
) -> float:
    """Set the hand's joints (and, held, the target's pose); returns the gap (m) before the target.

    Raises:
        ValueError: an unknown spawn mode.
    """
    instance = scene.objects[target]
    half_z_m = instance.shape.half_z * instance.size_m
    grip_x_m = instance.shape.grip_x * instance.size_m
    if spawn == "free":
        x_m, y_m = rng.uniform(-0.14, 0.14, 2)
        hand = [x_m, y_m, rng.uniform(0.11, 0.2), rng.uniform(-pi / 2, pi / 2), 0.02, 0.02]
        data.qpos[:6] = hand
        return 0.0
    if spawn == "holding":
        z_m = half_z_m + parameters.height_m
        half_y = instance.shape.grip_half_y or instance.shape.half_y
        opening_m = min(half_y * instance.size_m + 0.004, OPENING_M)
        address = scene.position_address[target]
        data.qpos[address + 2] = z_m
        data.qpos[:6] = [
            pose.x_m + grip_x_m * cos(pose.yaw_rad),
            pose.y_m + grip_x_m * sin(pose.yaw_rad),
            z_m,
            grip_yaw_rad(pose.yaw_rad),
            opening_m,
            opening_m,
        ]
        return 0.0
    if spawn not in ("near", "touching"):
        raise ValueError(f"unknown spawn mode {spawn!r}")
    gap_m = 0.0 if spawn == "touching" else float(rng.uniform(*NEAR_GAP_M))
    if spawn == "touching" or primitive in SIDEWAYS:
        direction_rad = parameters.direction_rad
        surface_m = surface_distance_m(scene, data, target, pose, direction_rad)
        data.qpos[:6] = beside(pose, direction_rad, surface_m + gap_m)
        return gap_m
    offset_m = rng.uniform(-0.015, 0.015, 2)
    data.qpos[:6] = [
        pose.x_m + offset_m[0],
        pose.y_m + offset_m[1],
        2 * half_z_m + CLEARANCE_M + gap_m - 0.02,
        grip_yaw_rad(pose.yaw_rad) + rng.uniform(-0.3, 0.3),
        OPENING_M,
        OPENING_M,
    ]
    return gap_m


def surface_distance_m(
    scene: Scene, data: mujoco.MjData, target: int, pose: Pose, direction_rad: float
) -> float:
    """How far before the target's middle the closed fingers are just not in contact with it.

    The hand comes nearer along the direction by its true distance to the target's geoms, again and
    again: it can never be inside. Reads the geometry only (rays would miss corners and the fingers
    start inside, to push slippery things away before time 0); moves the hand.
    """
    model, instance = scene.model, scene.objects[target]
    parts = range(len(instance.shape.parts))
    surfaces = [model.geom(f"object{target}.{number}").id for number in parts]
    fingers = [model.geom(name).id for name in COLLIDING]
    back_m = instance.shape.radius * instance.size_m + HAND_REACH_M
    for _ in range(APPROACHES):
        data.qpos[:6] = beside(pose, direction_rad, back_m)
        mujoco.mj_kinematics(model, data)
        away_m = back_m
        for finger, surface in product(fingers, surfaces):
            away_m = min(away_m, mujoco.mj_geomDistance(model, data, finger, surface, away_m, None))
        if away_m < 1.1 * TOUCHING_GAP_M:
            break
        back_m -= away_m - TOUCHING_GAP_M
    return back_m


def beside(pose: Pose, direction_rad: float, back_m: float) -> list[float]:
    """The hand's joints: low, fingers closed, so far before a place along the direction."""
    return [
        pose.x_m - back_m * cos(direction_rad),
        pose.y_m - back_m * sin(direction_rad),
        LOWEST_GRIP_M,
        direction_rad % pi - pi / 2,
        0.0,
        0.0,
    ]
