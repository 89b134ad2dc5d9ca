"""The affordance primitives as closed-loop controllers: reach grasp lift shake drop strike push.

Each is a generator: it looks at the `View` (hand joints, the target's pose, touch: all observable)
and yields the hand's six joint targets, 80 times a second. When it has finished, its last targets
hold.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from math import atan2, cos, pi, sin

from nsca.worlds.tabletop.hand import FINGER_STIFFNESS_N_M as FINGER_STIFFNESS
from nsca.worlds.tabletop.hand import LOWEST_GRIP_M, OPENING_M, SERVO_LAG_S, STIFFNESS_N_M
from nsca.worlds.tabletop.interaction import PHYSICS_DT_S, STEPS_PER_CONTROL

CONTROL_DT_S = PHYSICS_DT_S * STEPS_PER_CONTROL
CLEARANCE_M = 0.022  # finger tips over the target's top while travelling
TRAVEL_SPEED_M_S = 0.6
DESCENT_SPEED_M_S = 0.4
LIFT_SPEED_M_S = 0.35
CLOSING_SPEED_M_S = 0.25
TOUCHED_N = 0.4
SLIP_GAIN_N_M = 2_500.0  # grip force added for each metre that a held object has slipped
PUSH_SPEED_SHARE = 0.25  # a push is that much slower than a strike of the same speed parameter
PUSH_DISTANCE_M = 0.08
STRIKE_THROUGH_M = 0.02
SHAKE_AMPLITUDE_M = 0.025

Command = tuple[float, float, float, float, float, float]
Motion = Generator[Command, None, None]


@dataclass
class View:
    """What a controller sees, refreshed before every command; lengths in metres, angles in radians.

    `hand`: the six joint positions. `target_position`, `target_yaw_rad`: of the target object.
    `touch`: normal forces (N) of palm, left and right finger. `half_z_m`, `grip_x_m`: where to
    grip, as seen from the target's visible shape. `gap_m`: hand to target surface along the
    direction.
    """

    hand: list[float] = field(default_factory=lambda: [0.0] * 6)
    target_position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    target_yaw_rad: float = 0.0
    touch: tuple[float, float, float] = (0.0, 0.0, 0.0)
    half_z_m: float = 0.03
    grip_x_m: float = 0.0
    gap_m: float = 0.0
    held: bool = False


@dataclass(frozen=True)
class Parameters:
    """The four parameters every primitive takes."""

    direction_rad: float
    speed_m_s: float
    height_m: float
    force_n: float


def grip_yaw_rad(target_yaw_rad: float) -> float:
    """The hand's yaw that closes across the target's y axis, in (-pi/2, pi/2]."""
    return (target_yaw_rad + pi / 2) % pi - pi / 2


def grip_point(view: View) -> tuple[float, float]:
    """Horizontal grip point of the target, world frame."""
    x, y, _ = view.target_position
    return (
        x + view.grip_x_m * cos(view.target_yaw_rad),
        y + view.grip_x_m * sin(view.target_yaw_rad),
    )


class _SetPoint:
    """A hand target that moves with limited speed, so that servos track it."""

    def __init__(self, view: View, fingers_m: float) -> None:
        self.position = view.hand[:3]
        self.yaw_rad = view.hand[3]
        self.fingers = [fingers_m, fingers_m]

    def move(self, goal: tuple[float, float, float], speed_m_s: float) -> bool:
        """One step towards `goal`; True once there."""
        delta = [g - p for g, p in zip(goal, self.position, strict=True)]
        distance_m = sum(d * d for d in delta) ** 0.5
        step_m = speed_m_s * CONTROL_DT_S
        if distance_m <= step_m:
            self.position = list(goal)
            return True
        self.position = [
            p + d * step_m / distance_m for p, d in zip(self.position, delta, strict=True)
        ]
        return False

    def squeeze(self, view: View, force_n: float) -> None:
        """Fingers at constant force, by a target that much behind the pad."""
        for finger in (0, 1):
            self.fingers[finger] = view.hand[4 + finger] - force_n / FINGER_STIFFNESS

    def command(self) -> Command:
        x, y, z = self.position
        return x, y, z, self.yaw_rad, self.fingers[0], self.fingers[1]


def reach(view: View, parameters: Parameters) -> Motion:
    """Bring the closed fingers to the target until they feel it, then rest there."""
    point = _SetPoint(view, 0.0)
    speed_m_s = 0.15 + 0.25 * parameters.speed_m_s
    while max(view.touch) < TOUCHED_N:
        x, y, z = view.target_position
        hand_z_m = max(min(z, view.hand[2]), LOWEST_GRIP_M)
        point.move((x, y, hand_z_m), speed_m_s)
        yield point.command()
    point.position = view.hand[:3]
    yield point.command()


def grasp(view: View, parameters: Parameters) -> Motion:
    """Open, come down around the target, close, and keep the grip."""
    point = _SetPoint(view, OPENING_M)
    if not view.held:
        yield from _enclose(view, point)
        yield from _close(view, point, parameters.force_n)
    yield from _keep(view, point, parameters.force_n)


def lift(view: View, parameters: Parameters) -> Motion:
    """Grasp, raise by `height_m`, hold there."""
    point = _SetPoint(view, OPENING_M)
    yield from _pick(view, point, parameters)
    yield from _keep(view, point, parameters.force_n)


def shake(view: View, parameters: Parameters) -> Motion:
    """Hold the target and swing it along the direction with peak speed `speed_m_s`."""
    point = _SetPoint(view, OPENING_M)
    if not view.held:
        yield from _pick(view, point, parameters)
    centre, time_s = point.position, 0.0
    rate_rad_s = 0.7 * parameters.speed_m_s / SHAKE_AMPLITUDE_M
    along_x, along_y = cos(parameters.direction_rad), sin(parameters.direction_rad)
    held_at_m = view.hand[2] - view.target_position[2]
    while time_s < 1.1:
        offset_m = SHAKE_AMPLITUDE_M * sin(rate_rad_s * time_s)
        point.position = [
            centre[0] + offset_m * along_x,
            centre[1] + offset_m * along_y,
            centre[2],
        ]
        point.squeeze(view, _grip_force(view, parameters.force_n + 6.0, held_at_m))
        time_s += CONTROL_DT_S
        yield point.command()
    yield from _keep(view, point, parameters.force_n)


def drop(view: View, parameters: Parameters) -> Motion:
    """Hold the target over the table, then let go."""
    point = _SetPoint(view, OPENING_M)
    if not view.held:
        yield from _pick(view, point, parameters)
    held_at_m = view.hand[2] - view.target_position[2]
    for _ in range(10):
        point.squeeze(view, _grip_force(view, parameters.force_n, held_at_m))
        yield point.command()
    point.fingers = [OPENING_M, OPENING_M]
    yield point.command()


def strike(view: View, parameters: Parameters) -> Motion:
    """Swing the closed fingers into the target's side at `speed_m_s`, and stop behind it."""
    yield from _through(view, parameters, parameters.speed_m_s, STRIKE_THROUGH_M)


def push(view: View, parameters: Parameters) -> Motion:
    """Shove the target along the direction, slowly and for 8 cm."""
    yield from _through(view, parameters, PUSH_SPEED_SHARE * parameters.speed_m_s, PUSH_DISTANCE_M)


def _through(view: View, parameters: Parameters, speed_m_s: float, beyond_m: float) -> Motion:
    """Straight through the place where the target stands, with no more than `force_n`."""
    point = _SetPoint(view, 0.0)
    along = (cos(parameters.direction_rad), sin(parameters.direction_rad))
    if _is_elsewhere(view, along):
        yield from _go_beside(view, point, along)
    x, y, z = point.position
    z = max(z, LOWEST_GRIP_M)
    travel_m, end_m = 0.0, view.gap_m + beyond_m
    while travel_m < end_m:
        travel_m = min(travel_m + speed_m_s * CONTROL_DT_S, end_m)
        # feed-forward: the servo follows that much later; what resists more than force_n is not
        # forced, so that weight shows
        went_m = (view.hand[0] - x) * along[0] + (view.hand[1] - y) * along[1]
        reach_m = went_m + parameters.force_n / STIFFNESS_N_M
        lead_m = min(travel_m, reach_m) + speed_m_s * SERVO_LAG_S
        point.position = [x + lead_m * along[0], y + lead_m * along[1], z]
        yield point.command()
    point.position = [x + end_m * along[0], y + end_m * along[1], z]
    yield point.command()


def _is_elsewhere(view: View, along: tuple[float, float]) -> bool:
    """Whether a straight run along the direction would miss the target."""
    x, y = view.target_position[0] - view.hand[0], view.target_position[1] - view.hand[1]
    beside_m = abs(x * along[1] - y * along[0])
    return beside_m > 0.012 or x * along[0] + y * along[1] < 0 or view.hand[2] > 0.05


def _go_beside(view: View, point: _SetPoint, along: tuple[float, float]) -> Motion:
    """Over the target's surroundings, then down at a hand's breadth before it."""
    x, y, z = view.target_position
    back_m = 0.075
    above_m = z + view.half_z_m + CLEARANCE_M
    beside = (x - back_m * along[0], y - back_m * along[1])
    while not point.move((point.position[0], point.position[1], above_m), TRAVEL_SPEED_M_S):
        yield point.command()
    while not point.move((*beside, above_m), TRAVEL_SPEED_M_S):
        yield point.command()
    while not point.move((*beside, LOWEST_GRIP_M), DESCENT_SPEED_M_S):
        yield point.command()
    view.gap_m = back_m - 0.03


def _enclose(view: View, point: _SetPoint) -> Motion:
    """Above the target with open fingers, aligned, then down around it."""
    point.fingers = [OPENING_M, OPENING_M]
    point.yaw_rad = grip_yaw_rad(view.target_yaw_rad)
    x, y = grip_point(view)
    above_m = view.target_position[2] + view.half_z_m + CLEARANCE_M
    near = abs(view.hand[0] - x) + abs(view.hand[1] - y) < 0.06
    if not near:
        while not point.move((point.position[0], point.position[1], above_m), TRAVEL_SPEED_M_S):
            yield point.command()
    above_m = max(above_m, point.position[2]) if near else above_m
    while not point.move((x, y, above_m), TRAVEL_SPEED_M_S):
        yield point.command()
    while abs(view.hand[3] - point.yaw_rad) > 0.08:
        yield point.command()
    x, y = grip_point(view)
    down_m = max(view.target_position[2] - 0.2 * view.half_z_m, LOWEST_GRIP_M)
    while not point.move((x, y, down_m), DESCENT_SPEED_M_S):
        yield point.command()
    for _ in range(4):
        yield point.command()


def _close(view: View, point: _SetPoint, force_n: float) -> Motion:
    """Both fingers inwards until both feel something, then the grip force built up."""
    width_m = OPENING_M
    while min(view.touch[1:]) < TOUCHED_N and width_m > 0.0:
        width_m -= CLOSING_SPEED_M_S * CONTROL_DT_S
        middle_m = 0.5 * (view.hand[4] - view.hand[5])
        # the servo's own lag would open the fingers again: stay that much ahead of them
        point.fingers = [width_m - 0.01, width_m - 0.01]
        if abs(middle_m) > 0.02:
            break
        yield point.command()
    for share in (0.25, 0.5, 0.75, 1.0):
        point.squeeze(view, share * force_n)
        yield point.command()


def _pick(view: View, point: _SetPoint, parameters: Parameters) -> Motion:
    """Grasp unless held, then raise by `height_m`."""
    if not view.held:
        yield from _enclose(view, point)
        yield from _close(view, point, parameters.force_n)
    held_at_m = view.hand[2] - view.target_position[2]
    x, y, z = point.position
    while not point.move((x, y, z + parameters.height_m), LIFT_SPEED_M_S):
        point.squeeze(view, _grip_force(view, parameters.force_n, held_at_m))
        yield point.command()


def _keep(view: View, point: _SetPoint, force_n: float) -> Motion:
    held_at_m = view.hand[2] - view.target_position[2]
    while True:
        point.squeeze(view, _grip_force(view, force_n, held_at_m))
        yield point.command()


def _grip_force(view: View, force_n: float, held_at_m: float) -> float:
    """A reflex: what slips is gripped harder."""
    slipped_m = max(view.hand[2] - view.target_position[2] - held_at_m, 0.0)
    return min(force_n + SLIP_GAIN_N_M * slipped_m, 40.0)


def yaw_of(w: float, x: float, y: float, z: float) -> float:
    """Heading of a quaternion's x axis, radians."""
    return atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


CONTROLLERS: dict[str, Callable[[View, Parameters], Motion]] = {
    "reach": reach,
    "grasp": grasp,
    "lift": lift,
    "shake": shake,
    "drop": drop,
    "strike": strike,
    "push": push,
}
