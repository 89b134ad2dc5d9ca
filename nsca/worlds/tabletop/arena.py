"""The tabletop itself: one scene in which interactions are played, frame by frame.

Every interaction starts anew from intact objects standing on the table: what broke is replaced by its
twin, so that the frames before first contact never tell what an earlier interaction revealed.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Protocol

import mujoco
import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from nsca.worlds.tabletop.appearance import SceneLook
from nsca.worlds.tabletop.breaking import break_object
from nsca.worlds.tabletop.contact_log import ContactLog
from nsca.worlds.tabletop.hand import FINGER_STIFFNESS_N_M
from nsca.worlds.tabletop.interaction import (
    AUDIO_SAMPLES,
    CONTROLS_PER_FRAME,
    FRAMES,
    IMAGE_SIZE,
    PHYSICS_DT_S,
    STEPS_PER_CONTROL,
    STEPS_PER_FRAME,
    TOUCH_NAMES,
    Event,
    Interaction,
)
from nsca.worlds.tabletop.kinds import ObjectInstance
from nsca.worlds.tabletop.primitives import CONTROLLERS, Motion, Parameters, View, yaw_of
from nsca.worlds.tabletop.scene import Scene, build_scene
from nsca.worlds.tabletop.spawning import draw_poses, spawn_hand, stand
from nsca.worlds.tabletop.telling import tell

CONTROLS = FRAMES * CONTROLS_PER_FRAME
GRIP_STEPS = 40  # before time 0, with the object pinned in the air
BREAK_WINDOW = 2  # controls (25 ms) over which a change of velocity counts as one impact
MAGNET_RANGE_M = 0.09
MAGNET_FULL_M = 0.04


class FrameRenderer(Protocol):
    """What draws a picture of a model's state."""

    def render(self, model: mujoco.MjModel, data: mujoco.MjData) -> UInt8[ndarray, "h w 3"]: ...


def _swallow(message: str) -> None:
    """MuJoCo would print its warnings and write MUJOCO_LOG.TXT; data.warning keeps their count."""


class Arena:
    """One episode's scene.

    Args:
        objects: one to three.
        look: table, light, camera.
        renderer: shared by episodes; None for state-only interactions (frames None).
    """

    def __init__(
        self,
        objects: Sequence[ObjectInstance],
        look: SceneLook,
        renderer: FrameRenderer | None = None,
    ) -> None:
        mujoco.set_mju_user_warning(_swallow)
        self._intact = build_scene(objects, look)
        self._intact_data = mujoco.MjData(self._intact.model)
        self._renderer = renderer
        self._attach(self._intact, self._intact_data)
        self.warnings = 0
        self.unstable = False
        self.seconds = {"physics": 0.0, "rendering": 0.0, "events": 0.0, "sound": 0.0}

    @property
    def scene(self) -> Scene:
        """The current model: fragments take the place of what broke in the last interaction."""
        return self._scene

    @property
    def data(self) -> mujoco.MjData:
        """The current state."""
        return self._data

    def interact(
        self,
        primitive: str,
        parameters: dict[str, float],
        spawn: str,
        target: int,
        rng: Generator,
        motion: Callable[[View, Parameters], Motion] | None = None,
    ) -> Interaction:
        """Play one primitive from a fresh start, 1.6 s long.

        `motion` replaces the primitive's controller (for baselines such as random acting).

        Raises:
            ValueError: unknown primitive or spawn mode, or no such target.
        """
        if primitive not in CONTROLLERS:
            raise ValueError(f"unknown primitive {primitive!r}")
        if not 0 <= target < len(self._intact.objects):
            raise ValueError(f"no object {target} in a scene of {len(self._intact.objects)}")
        chosen = Parameters(**parameters)
        started = perf_counter()
        view = self._start(primitive, spawn, target, chosen, rng)
        self._record_start()
        frames = np.empty((FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
        drawing = self._play((motion or CONTROLLERS[primitive])(view, chosen), view, frames, rng)
        self._count_warnings()
        played = perf_counter()
        pairs, forces_n = self._log.pair_forces()
        trace = self._trace_objects()
        seconds = self.seconds
        seconds["physics"] += played - started - drawing
        seconds["rendering"] += drawing
        story = tell(
            self._intact.objects, primitive, target, pairs, forces_n, trace, self._breaks, rng
        )
        seconds["sound"] += story.sound_seconds
        seconds["events"] += perf_counter() - played - story.sound_seconds
        return Interaction(
            primitive=primitive,
            parameters=dict(parameters),
            spawn=spawn,
            target=target,
            frames=frames if self._renderer else None,
            audio=story.audio,
            touch=self._touch_frames(),
            proprioception=np.array(self._felt, np.float32),
            action=np.array(self._commands[::CONTROLS_PER_FRAME], np.float32),
            object_state=trace[::CONTROLS_PER_FRAME].astype(np.float32),
            events=story.events,
            utterance=story.utterance,
            first_contact_frame=story.first_contact_frame,
        )

    def still(self, rng: Generator) -> Interaction:
        """The scene before anything is done: one picture and state, repeated; silent."""
        nothing = dict.fromkeys(("direction_rad", "speed_m_s", "height_m", "force_n"), 0.0)
        view = self._start("reach", "free", 0, Parameters(**nothing), rng)
        data, scene = self._data, self._scene
        felt = [*data.qpos[:6].tolist(), *data.qvel[:6].tolist(), *data.actuator_force.tolist()]
        frames = None
        if self._renderer is not None:
            frames = np.repeat(self._renderer.render(scene.model, data)[None], FRAMES, axis=0)
        state = _object_states(scene, data.qpos[None], data.qvel[None])
        return Interaction(
            primitive="reach",
            parameters=nothing,
            spawn="free",
            target=0,
            frames=frames,
            audio=np.zeros(AUDIO_SAMPLES, np.float32),
            touch=np.zeros((FRAMES, len(TOUCH_NAMES)), np.float32),
            proprioception=np.repeat(np.array([felt], np.float32), FRAMES, axis=0),
            action=np.repeat(np.array([view.hand], np.float32), FRAMES, axis=0),
            object_state=np.repeat(state.astype(np.float32), FRAMES, axis=0),
            events=[],
            utterance="",
            first_contact_frame=-1,
        )

    def _attach(self, scene: Scene, data: mujoco.MjData) -> None:
        self._scene, self._data = scene, data
        self._magnets = [
            (index, instance.magnetism_n)
            for index, instance in enumerate(scene.objects)
            if instance.magnetism_n > 0 and index not in scene.broken
        ]
        self._fragile = [
            (index, instance.break_impulse_n_s / instance.mass_kg)
            for index, instance in enumerate(scene.objects)
            if np.isfinite(instance.break_impulse_n_s) and index not in scene.broken
        ]

    def _start(
        self, primitive: str, spawn: str, target: int, parameters: Parameters, rng: Generator
    ) -> View:
        self._attach(self._intact, self._intact_data)
        scene, data = self._scene, self._data
        mujoco.mj_resetData(scene.model, data)
        poses = draw_poses(scene.objects, target, parameters.direction_rad, rng)
        data.qpos[2] = 1.0  # the hand out of the way of the rays that measure the target
        stand(scene, data, poses)
        mujoco.mj_kinematics(scene.model, data)
        gap_m = spawn_hand(scene, data, primitive, spawn, target, poses[target], parameters, rng)
        data.ctrl[:] = data.qpos[:6]
        if spawn == "holding":
            self._close_around(target, parameters.force_n)
        mujoco.mj_forward(scene.model, data)
        instance = scene.objects[target]
        view = View(
            half_z_m=instance.shape.half_z * instance.size_m,
            grip_x_m=instance.shape.grip_x * instance.size_m,
            gap_m=gap_m,
            held=spawn == "holding",
        )
        self._look(view, target)
        self._target = target
        return view

    def _close_around(self, target: int, force_n: float) -> None:
        """Close the fingers while the object is pinned in the air; then time starts."""
        model, data = self._scene.model, self._data
        at = self._scene.position_address[target]
        moving = self._scene.velocity_address[target]
        pinned = data.qpos[at : at + 7].copy()
        others = data.qpos[6:].copy()
        for step in range(GRIP_STEPS):
            share = min((step + 1) / 20, 1.0)
            data.ctrl[4:6] = data.qpos[4:6] - share * force_n / FINGER_STIFFNESS_N_M
            mujoco.mj_step(model, data)
            data.qpos[at : at + 7] = pinned
            data.qvel[moving : moving + 6] = 0.0
        data.qpos[6:] = others
        data.qvel[6:] = 0.0
        data.time = 0.0

    def _record_start(self) -> None:
        self._log = ContactLog(FRAMES * STEPS_PER_FRAME)
        self._log.attach(self._scene)
        self._breaks: list[Event] = []
        self._commands: list[tuple[float, ...]] = []
        self._felt: list[list[float]] = []
        self._states: list[tuple[Scene, ndarray, ndarray]] = []
        self._touch = np.zeros((FRAMES * STEPS_PER_FRAME, 3))
        self._first_touch = self._data.sensordata[:3].copy()

    def _play(self, motion: Motion, view: View, frames: ndarray, rng: Generator) -> float:
        """The main loop; returns the seconds that went into drawing."""
        drawing, step = 0.0, 0
        command: tuple[float, ...] = tuple(self._data.ctrl.tolist())
        for control in range(CONTROLS):
            data = self._data
            self._states.append((self._scene, data.qpos.copy(), data.qvel.copy()))
            if control:
                self._look(view, self._target)
            command = next(motion, command)
            self._commands.append(command)
            if control % CONTROLS_PER_FRAME == 0:
                self._felt.append(
                    [
                        *data.qpos[:6].tolist(),
                        *data.qvel[:6].tolist(),
                        *data.actuator_force.tolist(),
                    ]
                )
                if self._renderer is not None:
                    before = perf_counter()
                    frames[control // CONTROLS_PER_FRAME] = self._renderer.render(
                        self._scene.model, data
                    )
                    drawing += perf_counter() - before
            data.ctrl[:] = command
            self._pull_magnets(data)
            self._advance(data, step)
            step += STEPS_PER_CONTROL
            if self._fragile:
                self._break_what_must(step, rng)
        return drawing

    def _advance(self, data: mujoco.MjData, step: int) -> None:
        model, log, touch = self._scene.model, self._log, self._touch
        sensors = data.sensordata
        for index in range(step, step + STEPS_PER_CONTROL):
            mujoco.mj_step(model, data)
            forces = sensors.tolist()
            touch[index] = forces[1], forces[2], forces[0]
            log.step(index, forces, data)

    def _look(self, view: View, target: int) -> None:
        data = self._data
        at = self._scene.position_address[target]
        pose = data.qpos[at : at + 7].tolist()
        view.hand = data.qpos[:6].tolist()
        view.target_position = (pose[0], pose[1], pose[2])
        view.target_yaw_rad = yaw_of(*pose[3:])
        palm, left, right = data.sensordata[:3].tolist()
        view.touch = (palm, left, right)

    def _pull_magnets(self, data: mujoco.MjData) -> None:
        for index, strength_n in self._magnets:
            at = self._scene.position_address[index]
            away = data.qpos[:3] - data.qpos[at : at + 3]
            distance_m = float(np.sqrt(away @ away))
            force_n = 0.0
            if distance_m < MAGNET_RANGE_M:
                force_n = strength_n * min(1.0, (MAGNET_FULL_M / max(distance_m, 1e-3)) ** 2)
            body = self._scene.body[index]
            data.xfrc_applied[body, :3] = force_n / max(distance_m, 1e-3) * away

    def _break_what_must(self, step: int, rng: Generator) -> None:
        """An impact changes velocity by more than the object bears (weight and grip cancel out)."""
        data = self._data
        window = BREAK_WINDOW if len(self._states) >= BREAK_WINDOW else 1
        scene, _, velocity = self._states[-window]
        if scene is not self._scene:
            return
        for index, limit_m_s in self._fragile:
            moving = self._scene.velocity_address[index]
            change = data.qvel[moving : moving + 3] - velocity[moving : moving + 3]
            change[2] += 9.81 * window * STEPS_PER_CONTROL * PHYSICS_DT_S
            speed_m_s = float(np.sqrt(change @ change))
            if speed_m_s <= limit_m_s:
                continue
            by = (
                "hand"
                if float(data.sensordata[:3].max()) > 0 and index == self._target
                else "table"
            )
            mass_kg = self._scene.objects[index].mass_kg
            self._breaks.append(
                Event(step * PHYSICS_DT_S, "break", f"object{index}", by, speed_m_s * mass_kg)
            )
            self._count_warnings()
            self._attach(*break_object(self._scene, data, index, rng))
            self._log.attach(self._scene)
            return

    def _trace_objects(self) -> ndarray:
        """[control, object, 13] from the logged states."""
        parts, start = [], 0
        states = self._states
        while start < len(states):
            scene = states[start][0]
            stop = start
            while stop < len(states) and states[stop][0] is scene:
                stop += 1
            qpos = np.stack([state[1] for state in states[start:stop]])
            qvel = np.stack([state[2] for state in states[start:stop]])
            parts.append(_object_states(scene, qpos, qvel))
            start = stop
        return np.concatenate(parts)

    def _touch_frames(self) -> Float32[ndarray, "32 6"]:
        """Mean and maximum over the steps before each frame; frame 0 has its instant only."""
        steps = self._touch.reshape(FRAMES, STEPS_PER_FRAME, 3)
        palm, left, right = self._first_touch
        now = np.array([left, right, palm])
        mean = np.concatenate([now[None], steps.mean(axis=1)[:-1]])
        peak = np.concatenate([now[None], steps.max(axis=1)[:-1]])
        return np.concatenate([mean, peak], axis=1).astype(np.float32)

    def _count_warnings(self) -> None:
        data = self._data
        warnings = int(sum(data.warning.number))
        finite = bool(np.isfinite(data.qpos).all() and np.isfinite(data.qvel).all())
        self.warnings += warnings
        self.unstable |= warnings > 0 or not finite


def _object_states(scene: Scene, qpos: ndarray, qvel: ndarray) -> ndarray:
    """Position, quaternion, linear and (turned into the world frame) angular velocity."""
    states = np.empty((len(qpos), len(scene.objects), 13))
    for index, (at, moving) in enumerate(
        zip(scene.position_address, scene.velocity_address, strict=True)
    ):
        states[:, index, :7] = qpos[:, at : at + 7]
        states[:, index, 7:10] = qvel[:, moving : moving + 3]
        quaternion, spin = qpos[:, at + 3 : at + 7], qvel[:, moving + 3 : moving + 6]
        twice = 2.0 * np.cross(quaternion[:, 1:], spin)
        states[:, index, 10:] = (
            spin + quaternion[:, :1] * twice + np.cross(quaternion[:, 1:], twice)
        )
    return states
