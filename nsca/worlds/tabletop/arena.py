"""The tabletop itself: one scene in which interactions are played, frame by frame.

Every interaction starts anew from intact objects standing on the table: what broke is replaced by
its like, so that frames before first contact never tell what an earlier interaction revealed.
"""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Protocol, runtime_checkable

import mujoco
import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from numpy.random import Generator

from nsca.worlds.tabletop.appearance import SceneLook
from nsca.worlds.tabletop.breaking import break_object
from nsca.worlds.tabletop.hand import FINGER_STIFFNESS_N_M
from nsca.worlds.tabletop.interaction import (
    AUDIO_SAMPLES,
    CONTROLS_PER_FRAME,
    FRAMES,
    IMAGE_SIZE,
    PHYSICS_DT_S,
    STEPS_PER_CONTROL,
    TOUCH_NAMES,
    Event,
    Interaction,
)
from nsca.worlds.tabletop.kinds import ObjectInstance
from nsca.worlds.tabletop.magnetism import pull_magnets
from nsca.worlds.tabletop.primitives import CONTROLLERS, Motion, Parameters, View, yaw_of
from nsca.worlds.tabletop.recording import Recording, feel, measured, object_states
from nsca.worlds.tabletop.scene import Scene, build_scene
from nsca.worlds.tabletop.spawning import draw_poses, spawn_hand, stand
from nsca.worlds.tabletop.telling import tell

CONTROLS = FRAMES * CONTROLS_PER_FRAME
SETTLE_STEPS = 40  # before time 0
BREAK_WINDOW = 2  # controls (25 ms) over which a change of velocity counts as one impact
STIRRED = 0.0005  # of a pose's metres and quaternion: what moved by less reads as where it was put


@runtime_checkable
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
        gravity: a factor on Earth's.
    """

    def __init__(
        self,
        objects: Sequence[ObjectInstance],
        look: SceneLook,
        renderer: FrameRenderer | None = None,
        gravity: float = 1.0,
    ) -> None:
        mujoco.set_mju_user_warning(_swallow)
        self._intact = build_scene(objects, look, gravity=gravity)
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
        recording = Recording(self._scene, self._data)
        frames = np.empty((FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3), np.uint8)
        moving = (motion or CONTROLLERS[primitive])(view, chosen)
        drawing = self._play(moving, view, recording, frames, rng)
        self._count_warnings()
        played = perf_counter()
        pairs, forces_n = recording.contacts.pair_forces()
        trace = recording.objects()
        seconds = self.seconds
        seconds["physics"] += played - started - drawing
        seconds["rendering"] += drawing
        story = tell(
            self._intact.objects, primitive, target, pairs, forces_n, trace, recording.breaks, rng
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
            touch=recording.touch(),
            proprioception=recording.proprioception(),
            action=recording.action(),
            object_state=measured(trace[::CONTROLS_PER_FRAME], self._put),
            events=story.events,
            utterance=story.utterance,
            first_contact_frame=story.first_contact_frame,
        )

    def still(self, rng: Generator) -> Interaction:
        """The scene before anything is done: one picture and state, repeated; silent."""
        nothing = dict.fromkeys(("direction_rad", "speed_m_s", "height_m", "force_n"), 0.0)
        view = self._start("reach", "free", 0, Parameters(**nothing), rng)
        data, scene = self._data, self._scene
        frames = None
        if self._renderer is not None:
            frames = np.repeat(self._renderer.render(scene.model, data)[None], FRAMES, axis=0)
        state = measured(object_states(scene, data.qpos[None], data.qvel[None]), self._put)
        return Interaction(
            primitive="reach",
            parameters=nothing,
            spawn="free",
            target=0,
            frames=frames,
            audio=np.zeros(AUDIO_SAMPLES, np.float32),
            touch=np.zeros((FRAMES, len(TOUCH_NAMES)), np.float32),
            proprioception=np.repeat(np.array([feel(data)], np.float32), FRAMES, axis=0),
            action=np.repeat(np.array([view.hand], np.float32), FRAMES, axis=0),
            object_state=np.repeat(state, FRAMES, axis=0),
            events=[],
            utterance="",
            first_contact_frame=-1,
        )

    def _attach(self, scene: Scene, data: mujoco.MjData) -> None:
        self._scene, self._data = scene, data
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
        stand(scene, data, poses)
        gap_m = spawn_hand(scene, data, primitive, spawn, target, poses[target], parameters, rng)
        self._put = np.stack([data.qpos[at : at + 7] for at in scene.position_address])
        self._put_target: list[float] = self._put[target].tolist()
        data.ctrl[:] = data.qpos[:6]
        self._settle(target if spawn == "holding" else None, parameters.force_n)
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

    def _settle(self, held: int | None, force_n: float) -> None:
        """Let things come to rest, and fingers close around what is held, before time starts."""
        model, data = self._scene.model, self._data
        at = moving = 0
        if held is not None:
            at, moving = self._scene.position_address[held], self._scene.velocity_address[held]
        pinned = data.qpos[at : at + 7].copy()
        for step in range(SETTLE_STEPS):
            if held is not None:
                share = min((step + 1) / 20, 1.0)
                data.ctrl[4:6] = data.qpos[4:6] - share * force_n / FINGER_STIFFNESS_N_M
            mujoco.mj_step(model, data)
            if held is not None:
                data.qpos[at : at + 7] = pinned
                data.qvel[moving : moving + 6] = 0.0
        data.qvel[6:] = 0.0
        data.time = 0.0

    def _play(
        self, motion: Motion, view: View, recording: Recording, frames: ndarray, rng: Generator
    ) -> float:
        """The main loop; returns the seconds that went into drawing."""
        drawing, step = 0.0, 0
        command: tuple[float, ...] = tuple(self._data.ctrl.tolist())
        for control in range(CONTROLS):
            scene, data = self._scene, self._data
            recording.state(scene, data)
            if control:
                self._look(view, self._target)
            command = next(motion, command)
            recording.command(command, data)
            if self._renderer is not None and control % CONTROLS_PER_FRAME == 0:
                before = perf_counter()
                mujoco.mj_kinematics(scene.model, data)  # a step leaves places from before it
                frames[control // CONTROLS_PER_FRAME] = self._renderer.render(scene.model, data)
                drawing += perf_counter() - before
            data.ctrl[:] = command
            pull_magnets(scene, data)
            for index in range(step, step + STEPS_PER_CONTROL):
                mujoco.mj_step(scene.model, data)
                recording.step(index, data)
            step += STEPS_PER_CONTROL
            if self._fragile:
                self._break_what_must(step, recording, rng)
        return drawing

    def _look(self, view: View, target: int) -> None:
        data = self._data
        at = self._scene.position_address[target]
        pose = data.qpos[at : at + 7].tolist()
        view.hand = data.qpos[:6].tolist()
        put = self._put_target
        if max(abs(now - then) for now, then in zip(pose, put, strict=True)) < STIRRED:
            pose = put  # or a command would tell how deep a soft thing has sunk into the table
        view.target_position = (pose[0], pose[1], pose[2])
        view.target_yaw_rad = yaw_of(*pose[3:])
        palm, left, right = data.sensordata[:3].tolist()
        view.touch = (palm, left, right)

    def _break_what_must(self, step: int, recording: Recording, rng: Generator) -> None:
        """An impact changes velocity by more than the object bears."""
        scene, data = self._scene, self._data
        for index, limit_m_s in self._fragile:
            speed_m_s = recording.impact_speed_m_s(scene, data, index, BREAK_WINDOW)
            if speed_m_s <= limit_m_s:
                continue
            by_hand = index == self._target and float(data.sensordata[:3].max()) > 0
            impulse_n_s = speed_m_s * scene.objects[index].mass_kg
            recording.breaks.append(
                Event(
                    step * PHYSICS_DT_S,
                    "break",
                    f"object{index}",
                    "hand" if by_hand else "table",
                    impulse_n_s,
                )
            )
            self._count_warnings()
            self._attach(*break_object(scene, data, index, rng))
            recording.contacts.attach(self._scene)
            return

    def _count_warnings(self) -> None:
        data = self._data
        warnings = int(sum(data.warning.number))
        finite = bool(np.isfinite(data.qpos).all() and np.isfinite(data.qvel).all())
        self.warnings += warnings
        self.unstable |= warnings > 0 or not finite
