"""Angular velocity in the world frame, touch since the frame before, states as sensors read."""

import numpy as np

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.interaction import (
    ANGLE_RESOLUTION_RAD,
    POSITION_RESOLUTION_M,
    SPIN_RESOLUTION_RAD_S,
    VELOCITY_RESOLUTION_M_S,
)
from nsca.worlds.tabletop.recording import measured, object_states
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


def test_states_are_as_coarse_as_sensors_about_the_place_where_a_thing_was_put() -> None:
    put = np.array([[0.0123, -0.0456, 0.0307, np.cos(0.4), 0.0, 0.0, np.sin(0.4)]])
    resting = np.concatenate([put - [[0, 0, 3e-4, 0, 0, 0, 0]], np.full((1, 6), 1e-3)], axis=1)
    read = measured(resting[None], put)
    np.testing.assert_array_equal(read[0, 0, :7], put[0].astype(np.float32))
    np.testing.assert_array_equal(read[0, 0, 7:], 0.0)

    rng = np.random.default_rng(0)
    states = rng.normal(size=(50, 1, 13))
    states[..., 3:7] /= np.linalg.norm(states[..., 3:7], axis=-1, keepdims=True)
    read = measured(states, put).astype(np.float64)
    assert np.abs(read - states)[..., :3].max() <= 0.51 * POSITION_RESOLUTION_M
    assert np.abs(read - states)[..., 7:10].max() <= 0.51 * VELOCITY_RESOLUTION_M_S
    assert np.abs(read - states)[..., 10:].max() <= 0.51 * SPIN_RESOLUTION_RAD_S
    off_rad = 2 * np.arccos(np.clip((read * states)[..., 3:7].sum(axis=-1), -1, 1))
    assert off_rad.max() <= ANGLE_RESOLUTION_RAD  # sqrt(3) / 2 at the corner of a cell
    np.testing.assert_allclose(np.linalg.norm(read[..., 3:7], axis=-1), 1.0, atol=1e-6)
