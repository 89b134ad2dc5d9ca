"""What is written down while an interaction is played: per physics step, per control, per frame."""

from math import hypot

import mujoco
import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from nsca.worlds.tabletop.contact_log import ContactLog
from nsca.worlds.tabletop.interaction import (
    ANGLE_RESOLUTION_RAD,
    CONTROLS_PER_FRAME,
    FRAMES,
    PHYSICS_DT_S,
    POSITION_RESOLUTION_M,
    SPIN_RESOLUTION_RAD_S,
    STATE_WIDTH,
    STEPS_PER_CONTROL,
    STEPS_PER_FRAME,
    VELOCITY_RESOLUTION_M_S,
    Event,
)
from nsca.worlds.tabletop.scene import Scene

GRAVITY_M_S2 = 9.81


class Recording:
    """Starts empty for every interaction; `data` is its initial state."""

    def __init__(self, scene: Scene, data: mujoco.MjData) -> None:
        self.contacts = ContactLog(FRAMES * STEPS_PER_FRAME)
        self.contacts.attach(scene)
        self.breaks: list[Event] = []
        self._states: list[tuple[Scene, ndarray, ndarray]] = []
        self._commands: list[tuple[float, ...]] = []
        self._felt: list[list[float]] = []
        self._forces_n: list[list[float]] = []  # of every touch sensor: three of the hand, objects
        self._touch = np.zeros((FRAMES * STEPS_PER_FRAME, 3))
        self._touch_at_start = data.sensordata[:3].copy()

    def state(self, scene: Scene, data: mujoco.MjData) -> None:
        """Once a control, before it acts."""
        self._states.append((scene, data.qpos.copy(), data.qvel.copy()))

    def command(self, targets: tuple[float, ...], data: mujoco.MjData) -> None:
        """The hand's joint targets, once a control; with every frame, how the hand feels."""
        if len(self._commands) % CONTROLS_PER_FRAME == 0:
            self._felt.append(feel(data))
        self._commands.append(targets)

    def step(self, index: int, data: mujoco.MjData) -> None:
        """After every physics step."""
        forces_n = data.sensordata.tolist()
        self._touch[index] = forces_n[:3]
        self._forces_n.append(forces_n)
        self.contacts.step(index, forces_n, data)

    def impact_speed_m_s(
        self, scene: Scene, data: mujoco.MjData, index: int, controls: int
    ) -> float:
        """By how much contacts changed an unbroken object's velocity over the last controls.

        That of the centre of mass, over the steps in which something touched the object: a steady
        weight or grip cancels out, and so does free fall. Never more than the contacts' impulse
        explains: what falls while it slips along something was not hit.
        """
        controls = min(controls, len(self._states))
        then, qpos, qvel = self._states[-controls]
        steps = controls * STEPS_PER_CONTROL
        free = sum(forces_n[3 + index] == 0.0 for forces_n in self._forces_n[-steps:])
        x0, y0, z0 = centre_velocity(then, qpos, qvel, index)
        x, y, z = centre_velocity(scene, data.qpos, data.qvel, index)
        fall_m_s = GRAVITY_M_S2 * PHYSICS_DT_S
        touched = hypot(x - x0, y - y0, z - z0 + free * fall_m_s)
        explained = hypot(x - x0, y - y0, z - z0 + steps * fall_m_s)
        return min(touched, explained)

    def objects(self) -> Float64[ndarray, "control n_objects 13"]:
        """States of the objects at every control."""
        parts, start = [], 0
        while start < len(self._states):
            scene = self._states[start][0]
            stop = start
            while stop < len(self._states) and self._states[stop][0] is scene:
                stop += 1
            qpos = np.stack([state[1] for state in self._states[start:stop]])
            qvel = np.stack([state[2] for state in self._states[start:stop]])
            parts.append(object_states(scene, qpos, qvel))
            start = stop
        return np.concatenate(parts)

    def touch(self) -> Float32[ndarray, "32 6"]:
        """Mean and maximum over the steps before each frame; frame 0 has its instant only."""
        order = [1, 2, 0]  # left, right, palm
        steps = self._touch.reshape(FRAMES, STEPS_PER_FRAME, 3)[:-1, :, order]
        now = self._touch_at_start[None, order]
        mean = np.concatenate([now, steps.mean(axis=1)])
        peak = np.concatenate([now, steps.max(axis=1)])
        return np.concatenate([mean, peak], axis=1).astype(np.float32)

    def proprioception(self) -> Float32[ndarray, "32 18"]:
        """Joint positions, velocities and actuator forces at every frame."""
        return np.array(self._felt, np.float32)

    def action(self) -> Float32[ndarray, "32 6"]:
        """Joint targets at every frame."""
        return np.array(self._commands[::CONTROLS_PER_FRAME], np.float32)


def feel(data: mujoco.MjData) -> list[float]:
    """The hand's joint positions, velocities and actuator forces."""
    return [*data.qpos[:6].tolist(), *data.qvel[:6].tolist(), *data.actuator_force.tolist()]


def centre_velocity(
    scene: Scene, qpos: ndarray, qvel: ndarray, index: int
) -> tuple[float, float, float]:
    """Of an object's centre of mass, m/s; qvel is that of its middle."""
    moving = scene.velocity_address[index]
    x, y, z, *spin = qvel[moving : moving + 6].tolist()
    a, b, c = scene.model.body_ipos[scene.body[index]].tolist()
    if abs(a) + abs(b) + abs(c) < 1e-6:
        return x, y, z
    at = scene.position_address[index] + 3
    p, q, r = spin
    turned = np.empty(3)
    mujoco.mju_rotVecQuat(turned, (q * c - r * b, r * a - p * c, p * b - q * a), qpos[at : at + 4])
    dx, dy, dz = turned.tolist()
    return x + dx, y + dy, z + dz


def object_states(scene: Scene, qpos: ndarray, qvel: ndarray) -> ndarray:
    """Position, quaternion, linear and (turned into the world frame) angular velocity.

    Args:
        qpos, qvel: [time, ...] of the scene's model.
    """
    states = np.empty((len(qpos), len(scene.objects), STATE_WIDTH))
    for index, (at, moving) in enumerate(
        zip(scene.position_address, scene.velocity_address, strict=True)
    ):
        states[:, index, :7] = qpos[:, at : at + 7]
        states[:, index, 7:10] = qvel[:, moving : moving + 3]
        w, axis = qpos[:, at + 3 : at + 4], qpos[:, at + 4 : at + 7]
        spin = qvel[:, moving + 3 : moving + 6]
        twice = 2.0 * _cross(axis, spin)
        states[:, index, 10:] = spin + w * twice + _cross(axis, twice)
    return states


def measured(
    states: Float64[ndarray, "time n_objects 13"], put: Float64[ndarray, "n_objects 7"]
) -> Float32[ndarray, "time n_objects 13"]:
    """`object_states` as coarse as sensors resolve them, poses relative to where objects were put.

    A turn is rounded as a rotation vector in the body frame.
    """
    out = np.empty(states.shape)
    out[..., :3] = put[:, :3] + _rounded(states[..., :3] - put[:, :3], POSITION_RESOLUTION_M)
    out[..., 7:10] = _rounded(states[..., 7:10], VELOCITY_RESOLUTION_M_S)
    out[..., 10:] = _rounded(states[..., 10:], SPIN_RESOLUTION_RAD_S)
    there = put[:, 3:] * (1.0, -1.0, -1.0, -1.0)
    turn = _quaternion_product(np.broadcast_to(there, states[..., 3:7].shape), states[..., 3:7])
    sine = np.linalg.norm(turn[..., 1:], axis=-1, keepdims=True)
    angle_rad = 2.0 * np.arctan2(sine, turn[..., :1])
    vector = _rounded(angle_rad / np.maximum(sine, 1e-12) * turn[..., 1:], ANGLE_RESOLUTION_RAD)
    half = 0.5 * np.linalg.norm(vector, axis=-1, keepdims=True)
    turn = np.concatenate([np.cos(half), 0.5 * np.sinc(half / np.pi) * vector], axis=-1)
    out[..., 3:7] = _quaternion_product(np.broadcast_to(put[:, 3:], turn.shape), turn)
    return out.astype(np.float32)


def _rounded(values: ndarray, resolution: float) -> ndarray:
    return resolution * np.rint(values / resolution) + 0.0  # no -0


def _quaternion_product(a: ndarray, b: ndarray) -> ndarray:
    w, x, y, z = (a[..., index] for index in range(4))
    p, q, r, s = (b[..., index] for index in range(4))
    return np.stack(
        [
            w * p - x * q - y * r - z * s,
            w * q + x * p + y * s - z * r,
            w * r - x * s + y * p + z * q,
            w * s + x * r - y * q + z * p,
        ],
        axis=-1,
    )


def _cross(a: ndarray, b: ndarray) -> ndarray:
    """Row by row; np.cross costs ten times as much on so little."""
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]
