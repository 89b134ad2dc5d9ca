"""What one interaction is: one primitive call with settling, every frame kept.

Everything in `Interaction` may be seen by an agent (kinematic state is observable, the utterance
names colour and shape); object kinds, labels of what is visible and hidden properties live in
`ObjectRecord` instead, which only probes (visible) and evaluation (hidden) may read.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from jaxtyping import Float32, UInt8
from numpy import ndarray

FRAMES_PER_S = 20
FRAMES = 32  # 1.6 s
DURATION_S = FRAMES / FRAMES_PER_S
IMAGE_SIZE = 64
AUDIO_RATE_HZ = 16_000
AUDIO_SAMPLES = AUDIO_RATE_HZ * FRAMES // FRAMES_PER_S
PHYSICS_DT_S = 0.0025
STEPS_PER_CONTROL = 5  # 80 Hz
CONTROLS_PER_FRAME = round(1 / (FRAMES_PER_S * PHYSICS_DT_S * STEPS_PER_CONTROL))
STEPS_PER_FRAME = CONTROLS_PER_FRAME * STEPS_PER_CONTROL

Primitive = Literal["reach", "grasp", "lift", "shake", "drop", "strike", "push"]
Spawn = Literal["holding", "near", "touching", "free"]
ObjectSet = Literal["A", "B"]
PRIMITIVES: tuple[str, ...] = get_args(Primitive)
SPAWNS: tuple[str, ...] = get_args(Spawn)
NATURAL_SPAWN: dict[str, str] = {
    "reach": "near",
    "grasp": "near",
    "lift": "near",
    "shake": "holding",
    "drop": "holding",
    "strike": "near",
    "push": "touching",
}
MAX_OBJECTS = 3

# Range of each primitive parameter; a primitive ignores those that mean nothing to it.
PARAMETER_RANGES: dict[str, tuple[float, float]] = {
    "direction_rad": (-3.141592653589793, 3.141592653589793),
    "speed_m_s": (0.2, 1.2),
    "height_m": (0.06, 0.12),
    "force_n": (8.0, 25.0),
}

# Columns. Touch: normal force of left finger, right finger and palm: mean, then maximum over the
# frame's physics steps. Proprioception: joint positions, joint velocities and actuator forces.
HAND_JOINTS = ("x", "y", "z", "yaw", "left", "right")
TOUCH_NAMES = (
    *(f"{part}_mean_n" for part in ("left", "right", "palm")),
    *(f"{part}_max_n" for part in ("left", "right", "palm")),
)
PROPRIOCEPTION_NAMES = (
    *(f"{joint}_position" for joint in HAND_JOINTS),
    *(f"{joint}_velocity" for joint in HAND_JOINTS),
    *(f"{joint}_force" for joint in HAND_JOINTS),
)
STATE_WIDTH = 13  # of an object: position, quaternion, linear and angular velocity
ACTION_NAMES = tuple(f"{joint}_target" for joint in HAND_JOINTS)

# What `object_state` resolves; finer differences are no observation. At rest a thing sinks into the
# table by up to 0.3 mm and tilts by up to 0.003 rad, the more the softer and the more lopsided it
# is, and that must not tell look-alikes apart before they are touched. Poses are read on a grid
# through the place where the object was put: whatever still stands there reads exactly that.
POSITION_RESOLUTION_M = 0.001
ANGLE_RESOLUTION_RAD = 0.01
VELOCITY_RESOLUTION_M_S = 0.01
SPIN_RESOLUTION_RAD_S = 0.2

EventKind = Literal["contact", "impulse", "break", "bounce", "lift"]


@dataclass(frozen=True)
class Event:
    """Something that happened between two of `hand`, `table`, `object0`.. at `time_s`.

    `magnitude`: normal impulse in N s (contact, impulse, break), rebound speed in m/s (bounce),
    height in m (lift).
    """

    time_s: float
    kind: EventKind
    a: str
    b: str
    magnitude: float


@dataclass
class Interaction:
    """One primitive call, 32 frames (1.6 s) at 20 frames/s; frames is None without rendering.

    Frame k and all states with it are at k / 20 s; `action[k]` is the joint target set then; touch
    is what was felt since the frame before. `object_state`: position (m), quaternion (w x y z),
    linear and angular velocity (m/s, rad/s, world frame), each as coarse as its `*_RESOLUTION_*`; a
    broken object is represented by its largest fragment. `target` indexes its objects.
    `first_contact_frame`: first frame at whose time the hand had touched the target; -1 for never.
    """

    primitive: str
    parameters: dict[str, float]
    spawn: str
    target: int
    frames: UInt8[ndarray, "32 64 64 3"] | None
    audio: Float32[ndarray, "25600"]
    touch: Float32[ndarray, "32 6"]
    proprioception: Float32[ndarray, "32 18"]
    action: Float32[ndarray, "32 6"]
    object_state: Float32[ndarray, "32 n_objects 13"]
    events: list[Event]
    utterance: str
    first_contact_frame: int


@dataclass(frozen=True)
class ObjectRecord:
    """One object instance: `visible` is for probes, `hidden` for evaluation alone."""

    instance_id: str
    kind: str
    visible: dict[str, Any]
    hidden: dict[str, Any]


@dataclass
class EpisodeRecord:
    """Up to ten interactions in one scene, with what MuJoCo had to say about its own stability."""

    interactions: list[Interaction]
    objects: list[ObjectRecord]
    warnings: int = 0
    unstable: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
