"""Textures are fixed; looks vary by seed."""

import mujoco
import numpy as np
import pytest

from nsca.worlds.tabletop.appearance import MATERIALS, draw_look, texture
from nsca.worlds.tabletop.arena import Arena
from nsca.worlds.tabletop.episode import draw_objects, draw_parameters
from nsca.worlds.tabletop.interaction import NATURAL_SPAWN, PRIMITIVES


def test_every_material_has_a_texture_of_its_own() -> None:
    pictures = [texture(name) for name in MATERIALS]
    assert len({picture.tobytes() for picture in pictures}) == len(MATERIALS)


def test_an_unknown_texture_is_refused() -> None:
    with pytest.raises(ValueError, match="no texture"):
        texture("velvet")


def test_light_table_and_camera_vary_by_seed_and_only_by_seed() -> None:
    looks = [draw_look(np.random.default_rng(seed)) for seed in range(8)]
    assert len({look.light_position_m for look in looks}) == 8
    assert len({look.camera_position_m for look in looks}) == 8
    assert len({look.table_rgb for look in looks}) == 8
    assert looks[3] == draw_look(np.random.default_rng(3))


def test_the_camera_sees_the_target_as_every_interaction_begins_and_nearly_always_after() -> None:
    seen = []
    for seed in range(42):
        rng = np.random.default_rng(seed)
        look = draw_look(rng)
        arena = Arena(draw_objects("A", "x", rng, n_objects=1), look)
        primitive = PRIMITIVES[seed % len(PRIMITIVES)]
        played = arena.interact(primitive, draw_parameters(rng), NATURAL_SPAWN[primitive], 0, rng)
        mujoco.mj_forward(arena.scene.model, arena.data)
        away = played.object_state[:, 0, :3] - arena.data.cam_xpos[0]
        right, up, depth = (away @ arena.data.cam_xmat[0].reshape(3, 3)).T
        edge = -depth * np.tan(np.radians(look.camera_fovy_deg) / 2)
        seen.append((np.abs(right) < edge) & (np.abs(up) < edge))
    assert all(inside[0] for inside in seen)
    assert np.mean(seen) > 0.95
