"""The shape vocabulary that sets A and B share: primitives and compounds of them.

Every shape rests on the table with identity orientation, is centred on its body's origin, and can
be gripped across its local y axis at x = `grip_x`. Lengths are in units of `size_m`, about the
largest extent.
"""

from dataclasses import dataclass
from math import pi, sqrt
from typing import Literal

Part = Literal["box", "sphere", "cylinder", "capsule", "ellipsoid"]
LYING = (sqrt(0.5), 0.0, sqrt(0.5), 0.0)  # an upright cylinder turned to lie along x
UPRIGHT = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class ShapePart:
    """One geom: `half` extents (box), radii (ellipsoid) or (radius, half length)."""

    part: Part
    half: tuple[float, ...]
    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    quaternion: tuple[float, float, float, float] = UPRIGHT

    def volume(self) -> float:
        """In units of size_m cubed; overlaps of compounds count twice, which harms nobody."""
        half = self.half
        match self.part:
            case "box":
                return 8 * half[0] * half[1] * half[2]
            case "sphere":
                return 4 / 3 * pi * half[0] ** 3
            case "cylinder":
                return 2 * pi * half[0] ** 2 * half[1]
            case "capsule":
                return 2 * pi * half[0] ** 2 * half[1] + 4 / 3 * pi * half[0] ** 3
            case "ellipsoid":
                return 4 / 3 * pi * half[0] * half[1] * half[2]


@dataclass(frozen=True)
class Shape:
    """Half extents along the body's axes, and how it is gripped and weighted."""

    parts: tuple[ShapePart, ...]
    half_x: float
    half_y: float
    half_z: float
    weight_down: bool = (
        False  # an off-centre weight must hang below, or the object would move unasked
    )
    grip_x: float = 0.0  # where along local x the hand grips
    grip_half_y: float = 0.0  # there; 0: the same as half_y

    @property
    def radius(self) -> float:
        """Of the vertical cylinder around the shape."""
        return sqrt(self.half_x**2 + self.half_y**2)

    def volume(self) -> float:
        """In units of size_m cubed."""
        return sum(part.volume() for part in self.parts)


SHAPES: dict[str, Shape] = {
    "box": Shape((ShapePart("box", (0.45, 0.38, 0.38)),), 0.45, 0.38, 0.38),
    "slab": Shape((ShapePart("box", (0.5, 0.36, 0.17)),), 0.5, 0.36, 0.17),
    "sphere": Shape((ShapePart("sphere", (0.45,)),), 0.45, 0.45, 0.45, weight_down=True),
    "cylinder": Shape((ShapePart("cylinder", (0.38, 0.45)),), 0.38, 0.38, 0.45),
    "puck": Shape((ShapePart("cylinder", (0.45, 0.2)),), 0.45, 0.45, 0.2),
    "rod": Shape((ShapePart("cylinder", (0.2, 0.55), quaternion=LYING),), 0.55, 0.2, 0.2),
    "capsule": Shape((ShapePart("capsule", (0.26, 0.28), quaternion=LYING),), 0.54, 0.26, 0.26),
    "ellipsoid": Shape(
        (ShapePart("ellipsoid", (0.5, 0.38, 0.36)),), 0.5, 0.38, 0.36, weight_down=True
    ),
    "dumbbell": Shape(
        (
            ShapePart("sphere", (0.27,), (-0.31, 0.0, 0.0)),
            ShapePart("sphere", (0.27,), (0.31, 0.0, 0.0)),
            ShapePart("capsule", (0.13, 0.3), quaternion=LYING),
        ),
        0.58,
        0.27,
        0.27,
    ),
    "tee": Shape(
        (
            ShapePart("box", (0.5, 0.16, 0.19)),
            ShapePart("box", (0.15, 0.45, 0.19), (0.4, 0.0, 0.0)),
        ),
        0.55,
        0.45,
        0.19,
        grip_x=-0.12,
        grip_half_y=0.16,
    ),
    "ell": Shape(
        (
            ShapePart("box", (0.5, 0.16, 0.19)),
            ShapePart("box", (0.15, 0.3, 0.19), (0.38, 0.3, 0.0)),
        ),
        0.53,
        0.6,
        0.19,
        grip_x=-0.12,
        grip_half_y=0.16,
    ),
    "hammer": Shape(
        (
            ShapePart("box", (0.17, 0.34, 0.22), (0.42, 0.0, 0.0)),
            ShapePart("box", (0.5, 0.12, 0.12), (-0.05, 0.0, -0.1)),
        ),
        0.59,
        0.34,
        0.22,
        grip_x=-0.12,
        grip_half_y=0.12,
    ),
    "mushroom": Shape(
        (
            ShapePart("cylinder", (0.3, 0.25), (0.0, 0.0, -0.2)),
            ShapePart("ellipsoid", (0.45, 0.45, 0.3), (0.0, 0.0, 0.15)),
        ),
        0.45,
        0.45,
        0.45,
    ),
}
