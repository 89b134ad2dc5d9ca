"""Altered physics: gravity, mass and friction of what a task moves."""

from dataclasses import dataclass

import mujoco

ROBOT_ROOTS = ("base", "mocap")


@dataclass(frozen=True)
class AlteredPhysics:
    """Factors on Meta-World's own values; 1 leaves them.

    gravity: of all bodies. The hand hangs on a weld to a mocap body and does not notice.
    mass: mass and inertia of movable bodies that are not the robot.
    friction: on the sliding coefficient of those bodies' geoms, which then decide their contacts
        alone. MuJoCo takes the larger coefficient of two: a slippery thing on a rough table would
        not slide, and one in Meta-World's fingers (2.0) would not slip. So any factor but 1 also
        takes away what the other side adds, torsion too: the block of pick-place (1.0) has 0.3
        everywhere with 0.3, in the grip 0.15 of what it had, and with 0.999 half of it.
    """

    gravity: float = 1.0
    mass: float = 1.0
    friction: float = 1.0

    def __post_init__(self) -> None:
        if self.mass <= 0 or self.friction < 0:
            raise ValueError("mass must be above 0 and friction not below 0")

    @property
    def unaltered(self) -> bool:
        """Whether this is Meta-World as it is."""
        return (self.gravity, self.mass, self.friction) == (1.0, 1.0, 1.0)

    def apply(self, model: mujoco.MjModel) -> list[str]:
        """Change the model; returns the (root) names of the bodies that it changed."""
        model.opt.gravity[:] *= self.gravity
        changed = movable_bodies(model)
        for body in changed:
            model.body_mass[body] *= self.mass
            model.body_inertia[body] *= self.mass
            geoms = slice(
                model.body_geomadr[body], model.body_geomadr[body] + model.body_geomnum[body]
            )
            if self.friction != 1.0:
                model.geom_priority[geoms] = 1
                model.geom_friction[geoms, 0] *= self.friction
        return [model.body(body).name or _root_name(model, body) for body in changed]


def movable_bodies(model: mujoco.MjModel) -> list[int]:
    """Bodies outside the robot with a joint of their own or of a body they hang on."""
    robot = {body for body in range(model.nbody) if _root_name(model, body) in ROBOT_ROOTS}
    return [
        body
        for body in range(1, model.nbody)
        if body not in robot and _can_move(model, body) and model.body_mass[body] > 0
    ]


def _root_name(model: mujoco.MjModel, body: int) -> str:
    return model.body(int(model.body_rootid[body])).name


def _can_move(model: mujoco.MjModel, body: int) -> bool:
    while body:
        if model.body_jntnum[body] > 0:
            return True
        body = int(model.body_parentid[body])
    return False
