"""Textures are fixed; looks vary by seed."""

import numpy as np
import pytest

from nsca.worlds.tabletop.appearance import MATERIALS, draw_look, texture


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
