"""The log's forces agree with MuJoCo's own at every step, though few steps are read."""

import mujoco
import numpy as np

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.contact_log import PAIR_BASE, ContactLog
from nsca.worlds.tabletop.scene import FIRST_OBJECT, TABLE, build_scene
from nsca.worlds.tabletop.spawning import Pose, stand


def test_a_falling_balls_force_on_the_table_is_logged_within_tolerance(make) -> None:
    scene = build_scene([make("ball_bouncy")], draw_look(np.random.default_rng(0)))
    data = mujoco.MjData(scene.model)
    data.qpos[2] = data.ctrl[2] = 1.0
    stand(scene, data, [Pose(0.0, 0.0, 0.0)])
    data.qpos[scene.position_address[0] + 2] += 0.05
    steps = 400
    log, true_n, six = ContactLog(steps), np.zeros(steps), np.zeros(6)
    log.attach(scene)
    for index in range(steps):
        mujoco.mj_step(scene.model, data)
        log.step(index, data.sensordata.tolist(), data)
        for contact in range(data.ncon):
            mujoco.mj_contactForce(scene.model, data, contact, six)
            true_n[index] += six[0]
    pairs, forces_n = log.pair_forces()
    assert pairs.tolist() == [TABLE * PAIR_BASE + FIRST_OBJECT]
    np.testing.assert_allclose(true_n, forces_n[0], rtol=0.251, atol=0.151)
    assert np.isclose(forces_n[0].sum(), true_n.sum(), rtol=0.06)
    assert true_n.max() > 3


def test_no_contact_no_pairs(make) -> None:
    pairs, forces_n = ContactLog(10).pair_forces()
    assert len(pairs) == 0
    assert forces_n.shape == (0, 10)
