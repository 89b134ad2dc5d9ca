"""Shapes fit the hand and their own declared extents."""

import numpy as np
import pytest

from nsca.worlds.tabletop.hand import OPENING_M
from nsca.worlds.tabletop.kinds import KINDS
from nsca.worlds.tabletop.shapes import LYING, SHAPES, ShapePart


def extent(part: ShapePart) -> np.ndarray:
    if part.part == "sphere":
        return np.full(3, part.half[0])
    if part.part in ("box", "ellipsoid"):
        return np.array(part.half)
    radius, length = part.half[0], part.half[1] + (part.half[0] if part.part == "capsule" else 0)
    along_x = part.quaternion == LYING
    return np.array([length, radius, radius] if along_x else [radius, radius, length])


@pytest.mark.parametrize("name", SHAPES)
def test_declared_half_extents_hold_every_part_and_rest_on_the_table(name: str) -> None:
    shape = SHAPES[name]
    declared = np.array([shape.half_x, shape.half_y, shape.half_z])
    low = np.min([np.array(part.position) - extent(part) for part in shape.parts], axis=0)
    high = np.max([np.array(part.position) + extent(part) for part in shape.parts], axis=0)
    np.testing.assert_allclose(np.maximum(-low, high), declared, atol=0.011)
    assert low[2] == pytest.approx(-shape.half_z, abs=1e-9), "it would hover or sink"


def test_the_hand_opens_wider_than_everything_it_must_grip() -> None:
    for kind in KINDS:
        shape, size_m = SHAPES[kind.appearance.shape], kind.appearance.size_m[1]
        assert (shape.grip_half_y or shape.half_y) * size_m < OPENING_M - 0.004


def test_volumes() -> None:
    assert ShapePart("box", (0.5, 0.5, 0.5)).volume() == pytest.approx(1.0)
    assert ShapePart("sphere", (0.5,)).volume() == pytest.approx(np.pi / 6)
    assert ShapePart("ellipsoid", (0.5, 0.5, 0.5)).volume() == pytest.approx(np.pi / 6)
    assert ShapePart("cylinder", (0.5, 0.5)).volume() == pytest.approx(np.pi / 4)
    capsule = ShapePart("capsule", (0.5, 0.5)).volume()
    assert capsule == pytest.approx(np.pi / 4 + np.pi / 6)
