"""Angular velocity comes out in the world frame; touch is what was felt since the frame before."""

import numpy as np

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.recording import object_states
from nsca.worlds.tabletop.scene import build_scene


def test_spin_is_turned_into_the_world_frame(make) -> None:
    scene = build_scene([make("box_hollow")], draw_look(np.random.default_rng(0)))
    qpos, qvel = np.zeros((1, scene.model.nq)), np.zeros((1, scene.model.nv))
    at, moving = scene.position_address[0], scene.velocity_address[0]
    qpos[0, at + 3 : at + 7] = [np.sqrt(0.5), 0, 0, np.sqrt(0.5)]  # a quarter turn about z
    qvel[0, moving + 3 : moving + 6] = [2.0, 0.0, 1.0]
    states = object_states(scene, qpos, qvel)
    np.testing.assert_allclose(states[0, 0, 10:], [0.0, 2.0, 1.0], atol=1e-12)


def test_touch_appears_with_the_frame_after_it_was_felt(make, play) -> None:
    _, struck = play("strike", make("box_loaded"), speed_m_s=0.6)
    felt = int(np.argmax(struck.touch[:, 3:].max(axis=1) > 0))
    assert felt == struck.first_contact_frame
    assert (struck.touch[:, 3:] >= struck.touch[:, :3]).all()
