"""One episode's MuJoCo model: tray, hand and objects, whole or broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import mujoco
import numpy as np

from nsca.worlds.tabletop.appearance import SceneLook, add_materials
from nsca.worlds.tabletop.contact_parameters import add_skin, contact_parameters
from nsca.worlds.tabletop.hand import HAND_CONTACT, add_hand, add_touch_sensor
from nsca.worlds.tabletop.interaction import PHYSICS_DT_S
from nsca.worlds.tabletop.kinds import ObjectInstance
from nsca.worlds.tabletop.shapes import UPRIGHT, ShapePart
from nsca.worlds.tabletop.tray import TABLE_CONTACT, UNDRAWN_GROUP, WALL_CONTACT, add_tray

OBJECT_CONTACT, FRAGMENT_CONTACT = 8, 16
TABLE, HAND, FIRST_OBJECT = 0, 1, 2  # entities
WEIGHT_SHARE = 0.6  # of the mass of an object with an off-centre weight
FRAGMENT_SCALES = (1.0, 0.85, 0.75, 0.65)
FOOT_M = 0.0005  # an upright cylinder stands on feet this high
GEOM_TYPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}


@dataclass(frozen=True)
class Scene:
    """A compiled model and where things are in it.

    `geom_entity[geom]`: 0 table and walls, 1 hand, 2 + i object i (its fragments too; only the
    first fragment counts as the object elsewhere). `position_address[i]`, `velocity_address[i]`: of
    object i in qpos and qvel. The hand's six joints come first in both. `gravity`: of Earth's.
    """

    model: mujoco.MjModel
    objects: tuple[ObjectInstance, ...]
    look: SceneLook
    broken: frozenset[int]
    geom_entity: tuple[int, ...]
    position_address: tuple[int, ...]
    velocity_address: tuple[int, ...]
    body: tuple[int, ...]
    gravity: float


def build_scene(
    objects: Sequence[ObjectInstance],
    look: SceneLook,
    broken: frozenset[int] = frozenset(),
    gravity: float = 1.0,
) -> Scene:
    """Compile the model of one episode; objects in `broken` are there as fragments, and things
    weigh `gravity` times what they weigh on Earth.
    """
    spec = mujoco.MjSpec()
    option = spec.option
    option.gravity = [gravity * axis for axis in option.gravity]
    option.timestep = PHYSICS_DT_S
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 5.0  # friction firmer than the normal direction, or the grip creeps
    option.iterations = 20
    spec.visual.quality.shadowsize = 0
    spec.visual.quality.offsamples = 0
    spec.visual.headlight.ambient = [look.ambient_strength] * 3
    spec.visual.headlight.diffuse = [0.25] * 3
    spec.visual.headlight.specular = [0.1] * 3
    spec.visual.map.znear = 0.05
    add_materials(spec)
    add_tray(spec, look)
    add_hand(spec, look)
    for index, instance in enumerate(objects):
        if index in broken:
            _add_fragments(spec, instance, index)
        else:
            _add_object(spec, instance, index)
    model = spec.compile()
    bodies = tuple(model.body(f"object{index}").id for index in range(len(objects)))
    joints = [int(model.body_jntadr[body]) for body in bodies]
    return Scene(
        model=model,
        objects=tuple(objects),
        look=look,
        broken=broken,
        geom_entity=tuple(_entity(model, geom) for geom in range(model.ngeom)),
        position_address=tuple(int(model.jnt_qposadr[joint]) for joint in joints),
        velocity_address=tuple(int(model.jnt_dofadr[joint]) for joint in joints),
        body=bodies,
        gravity=gravity,
    )


def reference_model() -> mujoco.MjModel:
    """An empty scene with every texture and material: what the shared GL context is made from."""
    from nsca.worlds.tabletop.appearance import draw_look

    return build_scene((), draw_look(np.random.default_rng(0))).model


def _entity(model: mujoco.MjModel, geom: int) -> int:
    name = model.body(model.geom_bodyid[geom]).name
    if name.startswith("object"):
        return FIRST_OBJECT + int(name.removeprefix("object").split("/")[0])
    return TABLE if name == "world" else HAND


def _add_object(spec: mujoco.MjSpec, instance: ObjectInstance, index: int) -> None:
    shape, size_m = instance.shape, instance.size_m
    body = spec.worldbody.add_body(name=f"object{index}", pos=(0.1 * index, 0, 0.1))
    body.add_freejoint()
    share = WEIGHT_SHARE if instance.offset > 0 else 0.0
    volume = shape.volume()
    for number, part in enumerate(shape.parts):
        half = [extent * size_m for extent in part.half]
        if part.part == "cylinder" and part.quaternion == UPRIGHT:
            half[1] -= FOOT_M
            _add_feet(body, instance, part)
        body.add_geom(
            name=f"object{index}.{number}",
            type=GEOM_TYPES[part.part],
            size=half + [0.0] * (3 - len(half)),
            pos=tuple(size_m * axis for axis in part.position),
            quat=part.quaternion,
            mass=(1 - share) * instance.mass_kg * part.volume() / volume,
            contype=OBJECT_CONTACT,
            conaffinity=TABLE_CONTACT | WALL_CONTACT | OBJECT_CONTACT | FRAGMENT_CONTACT,
            **contact_parameters(instance, flat=part.part == "box"),
        )
        add_skin(spec, instance, f"object{index}.{number}")
    if share:
        extent = -shape.half_z if shape.weight_down else shape.half_x
        place = extent * size_m * instance.offset
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(0.08 * size_m, 0, 0),
            pos=(0, 0, place) if shape.weight_down else (place, 0, 0),
            mass=share * instance.mass_kg,
            contype=0,
            conaffinity=0,
            group=UNDRAWN_GROUP,
        )
    add_touch_sensor(spec, body, f"object{index}")


def _add_feet(body: mujoco.MjsBody, instance: ObjectInstance, part: ShapePart) -> None:
    """Four invisible feet on either face of an upright cylinder.

    MuJoCo's contact points between a cylinder's face and a plane follow its lowest rim point, so a
    standing cylinder would never come to rest.
    """
    radius_m, half_m = (extent * instance.size_m for extent in part.half)
    foot_m = 0.15 * radius_m
    centre_z_m = part.position[2] * instance.size_m
    for side in (-1.0, 1.0):
        for corner in range(4):
            angle_rad = (corner + 0.5) * pi / 2
            out_m = radius_m - foot_m - FOOT_M
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                size=(foot_m, 0, 0),
                pos=(
                    out_m * cos(angle_rad),
                    out_m * sin(angle_rad),
                    centre_z_m + side * (half_m - foot_m),
                ),
                mass=0.0,
                contype=OBJECT_CONTACT,
                conaffinity=TABLE_CONTACT,
                group=UNDRAWN_GROUP,
                **contact_parameters(instance, flat=True),
            )


def _add_fragments(spec: mujoco.MjSpec, instance: ObjectInstance, index: int) -> None:
    shape, size_m = instance.shape, instance.size_m
    whole = sum(scale**3 for scale in FRAGMENT_SCALES)
    for number, scale in enumerate(FRAGMENT_SCALES):
        name = f"object{index}" if number == 0 else f"object{index}/{number}"
        body = spec.worldbody.add_body(name=name, pos=(0.1 * index, 0.05 * number, 0.1))
        body.add_freejoint()
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=tuple(
                factor * scale * half * size_m
                for factor, half in zip(
                    (0.42, 0.42, 0.6), (shape.half_x, shape.half_y, shape.half_z), strict=True
                )
            ),
            mass=instance.mass_kg * scale**3 / whole,
            contype=FRAGMENT_CONTACT,
            conaffinity=TABLE_CONTACT | WALL_CONTACT | HAND_CONTACT,
            **contact_parameters(instance, flat=True),
        )
        if number == 0:
            add_touch_sensor(spec, body, name)
