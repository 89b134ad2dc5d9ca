"""Breaking: the object's body gives way to fragments, everything else goes on undisturbed."""

import mujoco
import numpy as np
from numpy.random import Generator

from nsca.worlds.tabletop.scene import FRAGMENT_SCALES, Scene, build_scene

SCATTER_M_S = 0.35


def break_object(
    scene: Scene, data: mujoco.MjData, index: int, rng: Generator
) -> tuple[Scene, mujoco.MjData]:
    """A new model and state in which object `index` is fragments, flying on with its velocity."""
    new_scene = build_scene(scene.objects, scene.look, scene.broken | {index}, scene.gravity)
    model = new_scene.model
    new = mujoco.MjData(model)
    new.time = data.time
    new.ctrl[:] = data.ctrl
    for old_joint in range(scene.model.njnt):
        name = scene.model.joint(old_joint).name
        body = scene.model.body(scene.model.jnt_bodyid[old_joint]).name
        if body == f"object{index}":
            continue
        joint = model.joint(name).id if name else int(model.body_jntadr[model.body(body).id])
        q_old, v_old = scene.model.jnt_qposadr[old_joint], scene.model.jnt_dofadr[old_joint]
        q_new, v_new = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
        nq, nv = (7, 6) if not name else (1, 1)
        new.qpos[q_new : q_new + nq] = data.qpos[q_old : q_old + nq]
        new.qvel[v_new : v_new + nv] = data.qvel[v_old : v_old + nv]
        new.qacc_warmstart[v_new : v_new + nv] = data.qacc_warmstart[v_old : v_old + nv]
    _scatter(scene, data, new_scene, new, index, rng)
    mujoco.mj_forward(model, new)
    return new_scene, new


def _scatter(
    scene: Scene,
    data: mujoco.MjData,
    new_scene: Scene,
    new: mujoco.MjData,
    index: int,
    rng: Generator,
) -> None:
    instance, model = scene.objects[index], new_scene.model
    at, moving = scene.position_address[index], scene.velocity_address[index]
    position, quaternion = data.qpos[at : at + 3], data.qpos[at + 3 : at + 7]
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, quaternion)
    rotation = rotation.reshape(3, 3)
    velocity = data.qvel[moving : moving + 3]
    spin = rotation @ data.qvel[moving + 3 : moving + 6]
    half = instance.size_m * np.array([instance.shape.half_x, instance.shape.half_y])
    for number in range(len(FRAGMENT_SCALES)):
        name = f"object{index}" if number == 0 else f"object{index}/{number}"
        joint = int(model.body_jntadr[model.body(name).id])
        side = np.array([1.0 if number in (0, 2) else -1.0, 1.0 if number < 2 else -1.0])
        arm = rotation @ np.array([*(0.5 * side * half), 0.0])
        outwards = arm / max(float(np.linalg.norm(arm)), 1e-6)
        place = position + arm
        place[2] = max(place[2], 0.5 * instance.shape.half_z * instance.size_m)
        q, v = model.jnt_qposadr[joint], model.jnt_dofadr[joint]
        new.qpos[q : q + 3] = place
        new.qpos[q + 3 : q + 7] = quaternion
        new.qvel[v : v + 3] = (
            velocity + np.cross(spin, arm) + SCATTER_M_S * rng.uniform(0.5, 1.0) * outwards
        )
        new.qvel[v + 3 : v + 6] = rng.uniform(-8.0, 8.0, 3)
