"""The object kinds: 20 of set A (training) and 10 of set B (never seen in training).

A kind is an appearance and hidden ranges. Kinds that share one `Appearance` are look-alikes: shape,
size, material, colour and pose come from the very same draw, so only touching, hearing or moving
tells them apart. Set B uses A's shapes and materials in (shape, material) pairs that A never shows.
Ranges are ours; they were chosen so that the hand can grip and move most instances.
"""

from dataclasses import dataclass
from math import inf

from numpy.random import Generator

from nsca.worlds.tabletop.interaction import ObjectSet
from nsca.worlds.tabletop.shapes import SHAPES, Shape

Range = tuple[float, float]
MASS_LIMITS_KG = (0.03, 1.2)


@dataclass(frozen=True)
class Appearance:
    """What can be seen; `size_m` is the unit of the shape's parts."""

    shape: str
    materials: tuple[str, ...]
    size_m: Range = (0.05, 0.085)


@dataclass(frozen=True)
class Kind:
    """Hidden ranges; each instance draws uniformly from them.

    `hardness` 0..1; `elasticity` is the coefficient of restitution; `break_speed_m_s` the change of
    velocity that breaks it; `rolling_m` MuJoCo's rolling friction; `offset` the centre of mass'
    distance from the middle, in half extents; `magnetism_n` the pull towards a hand that is near.
    """

    name: str
    object_set: ObjectSet
    appearance: Appearance
    hardness: Range
    density_kg_m3: Range
    elasticity: Range
    friction: Range = (0.5, 0.8)
    break_speed_m_s: Range = (inf, inf)
    rolling_m: Range = (0.0002, 0.0006)
    offset: Range = (0.0, 0.0)
    magnetism_n: Range = (0.0, 0.0)


@dataclass(frozen=True)
class ObjectInstance:
    """One object: a kind with its parameters drawn."""

    instance_id: str
    kind: Kind
    visible_material: str
    size_m: float
    colour: tuple[float, float, float]
    hardness: float
    mass_kg: float
    elasticity: float
    friction: float
    break_impulse_n_s: float
    rolling_m: float
    offset: float
    magnetism_n: float
    sound_seed: int

    @property
    def shape(self) -> Shape:
        """Geometry in units of size_m."""
        return SHAPES[self.kind.appearance.shape]

    def visible(self) -> dict[str, str | float]:
        """What probes may know."""
        red, green, blue = self.colour
        return {
            "shape": self.kind.appearance.shape,
            "visible_material": self.visible_material,
            "size_m": self.size_m,
            "colour_r": red,
            "colour_g": green,
            "colour_b": blue,
        }

    def hidden(self) -> dict[str, float]:
        """What only evaluation may know."""
        return {
            "hardness": self.hardness,
            "mass_kg": self.mass_kg,
            "break_impulse_n_s": self.break_impulse_n_s,
            "elasticity": self.elasticity,
            "friction": self.friction,
            "rolling_m": self.rolling_m,
            "offset_m": self.offset * self.size_m / 2,
            "magnetism_n": self.magnetism_n,
        }


def _lookalikes(appearance: Appearance, object_set: ObjectSet, **twins: dict[str, Range]):
    return tuple(Kind(name, object_set, appearance, **hidden) for name, hidden in twins.items())


KINDS: tuple[Kind, ...] = (
    *_lookalikes(
        Appearance("box", ("wood", "plain", "checker")),
        "A",
        box_hollow={
            "hardness": (0.15, 0.35), "density_kg_m3": (300, 500), "elasticity": (0.2, 0.35)
        },
        box_loaded={
            "hardness": (0.6, 0.8), "density_kg_m3": (2500, 4000), "elasticity": (0.1, 0.2)
        },
    ),
    *_lookalikes(
        Appearance("sphere", ("plain", "striped", "speckled")),
        "A",
        ball_bouncy={
            "hardness": (0.4, 0.6), "density_kg_m3": (600, 1000), "elasticity": (0.7, 0.85),
            "rolling_m": (0.00005, 0.0002),
        },
        ball_dead={
            "hardness": (0.0, 0.15), "density_kg_m3": (800, 1200), "elasticity": (0.02, 0.1),
            "rolling_m": (0.003, 0.006),
        },
    ),
    *_lookalikes(
        Appearance("cylinder", ("plain", "marble", "striped")),
        "A",
        jar_fragile={
            "hardness": (0.75, 0.95), "density_kg_m3": (500, 900), "elasticity": (0.1, 0.2),
            "break_speed_m_s": (0.5, 0.9),
        },
        jar_tough={
            "hardness": (0.2, 0.4), "density_kg_m3": (700, 1200), "elasticity": (0.3, 0.45)
        },
    ),
    *_lookalikes(
        Appearance("slab", ("marble", "wood", "speckled")),
        "A",
        slab_sticky={
            "hardness": (0.1, 0.3), "density_kg_m3": (700, 1200), "elasticity": (0.05, 0.15),
            "friction": (1.1, 1.5),
        },
        slab_slippery={
            "hardness": (0.7, 0.9), "density_kg_m3": (700, 1200), "elasticity": (0.2, 0.35),
            "friction": (0.1, 0.18),
        },
    ),
    *_lookalikes(
        Appearance("ellipsoid", ("plain", "speckled", "marble")),
        "A",
        egg_raw={
            "hardness": (0.5, 0.7), "density_kg_m3": (500, 900), "elasticity": (0.05, 0.15),
            "break_speed_m_s": (0.4, 0.8),
        },
        egg_stone={
            "hardness": (0.85, 1.0), "density_kg_m3": (2500, 3800), "elasticity": (0.3, 0.5)
        },
    ),
    *_lookalikes(
        Appearance("rod", ("wood", "metal", "striped"), size_m=(0.055, 0.09)),
        "A",
        rod_balanced={
            "hardness": (0.8, 1.0), "density_kg_m3": (1200, 2000), "elasticity": (0.4, 0.55)
        },
        rod_weighted={
            "hardness": (0.3, 0.5), "density_kg_m3": (2000, 3200), "elasticity": (0.1, 0.2),
            "offset": (0.5, 0.7),
        },
    ),
    Kind("capsule_rubber", "A", Appearance("capsule", ("plain", "striped"), (0.055, 0.09)),
         (0.1, 0.3), (900, 1300), (0.6, 0.8), friction=(0.9, 1.3)),
    Kind("dumbbell_iron", "A", Appearance("dumbbell", ("metal", "speckled"), (0.055, 0.085)),
         (0.85, 1.0), (3000, 4500), (0.2, 0.4)),
    Kind("tee_wooden", "A", Appearance("tee", ("wood", "checker"), (0.055, 0.085)),
         (0.45, 0.65), (500, 800), (0.2, 0.35)),
    Kind("hammer_heavy", "A", Appearance("hammer", ("metal", "plain"), (0.055, 0.085)),
         (0.8, 1.0), (2500, 3800), (0.15, 0.3), offset=(0.3, 0.5)),
    Kind("puck_magnetic", "A", Appearance("puck", ("metal", "checker"), (0.045, 0.075)),
         (0.7, 0.9), (2000, 3000), (0.2, 0.35), magnetism_n=(0.4, 1.0)),
    Kind("ell_foam", "A", Appearance("ell", ("plain", "speckled"), (0.05, 0.075)),
         (0.0, 0.12), (200, 350), (0.1, 0.25), friction=(0.7, 1.0)),
    Kind("mushroom_ceramic", "A", Appearance("mushroom", ("marble", "plain")),
         (0.8, 1.0), (900, 1400), (0.1, 0.2), break_speed_m_s=(0.7, 1.1)),
    Kind("block_lopsided", "A", Appearance("box", ("metal", "marble"), (0.055, 0.085)),
         (0.55, 0.8), (1000, 1800), (0.15, 0.3), offset=(0.5, 0.7)),
    *_lookalikes(
        Appearance("capsule", ("marble", "metal"), (0.055, 0.09)),
        "B",
        capsule_light={
            "hardness": (0.1, 0.25), "density_kg_m3": (500, 800), "elasticity": (0.6, 0.8)
        },
        capsule_lead={
            "hardness": (0.6, 0.85), "density_kg_m3": (3500, 5000), "elasticity": (0.03, 0.12),
            "offset": (0.3, 0.6),
        },
    ),
    *_lookalikes(
        Appearance("mushroom", ("wood", "striped")),
        "B",
        mushroom_brittle={
            "hardness": (0.7, 0.9), "density_kg_m3": (400, 700), "elasticity": (0.1, 0.25),
            "break_speed_m_s": (0.5, 0.9),
        },
        mushroom_rubber={
            "hardness": (0.05, 0.2), "density_kg_m3": (900, 1300), "elasticity": (0.55, 0.75),
            "friction": (0.9, 1.2),
        },
    ),
    *_lookalikes(
        Appearance("hammer", ("wood", "checker"), (0.055, 0.085)),
        "B",
        hammer_sticky={
            "hardness": (0.1, 0.3), "density_kg_m3": (600, 1000), "elasticity": (0.1, 0.25),
            "friction": (1.1, 1.5),
        },
        hammer_slick={
            "hardness": (0.75, 0.95), "density_kg_m3": (900, 1500), "elasticity": (0.3, 0.5),
            "friction": (0.1, 0.18),
        },
    ),
    Kind("sphere_foil", "B", Appearance("sphere", ("metal", "checker")),
         (0.3, 0.5), (250, 400), (0.2, 0.4), rolling_m=(0.0015, 0.003)),
    Kind("tee_glass", "B", Appearance("tee", ("marble", "striped"), (0.055, 0.085)),
         (0.85, 1.0), (1500, 2300), (0.15, 0.3), break_speed_m_s=(0.6, 1.0)),
    Kind("dumbbell_lopsided", "B", Appearance("dumbbell", ("wood", "plain"), (0.055, 0.085)),
         (0.4, 0.6), (900, 1500), (0.3, 0.5), offset=(0.5, 0.7)),
    Kind("puck_bouncy", "B", Appearance("puck", ("wood", "marble"), (0.045, 0.075)),
         (0.3, 0.5), (700, 1100), (0.6, 0.8), friction=(0.15, 0.3)),
)  # fmt: skip


def kinds_of(object_set: ObjectSet) -> tuple[Kind, ...]:
    """The kinds of one set, in a fixed order."""
    return tuple(kind for kind in KINDS if kind.object_set == object_set)


def lookalike_pairs(object_set: ObjectSet) -> tuple[tuple[Kind, Kind], ...]:
    """Pairs of kinds that share one appearance."""
    kinds = kinds_of(object_set)
    return tuple(
        (first, second)
        for index, first in enumerate(kinds)
        for second in kinds[index + 1 :]
        if first.appearance is second.appearance
    )


def draw_instance(kind: Kind, instance_id: str, rng: Generator) -> ObjectInstance:
    """Draw one object. What can be seen is drawn first, so look-alikes share it under one seed."""
    look = kind.appearance
    size_m = float(rng.uniform(*look.size_m))
    material = look.materials[int(rng.integers(len(look.materials)))]
    colour = _rgb(rng.uniform(0.0, 1.0), rng.uniform(0.45, 0.95), rng.uniform(0.55, 1.0))
    volume_m3 = SHAPES[look.shape].volume() * size_m**3
    mass_kg = float(volume_m3 * rng.uniform(*kind.density_kg_m3))
    mass_kg = min(max(mass_kg, MASS_LIMITS_KG[0]), MASS_LIMITS_KG[1])
    low, high = kind.break_speed_m_s
    share = float(rng.uniform())  # drawn in any case: twins use up the same chance
    return ObjectInstance(
        instance_id=instance_id,
        kind=kind,
        visible_material=material,
        size_m=size_m,
        colour=colour,
        hardness=float(rng.uniform(*kind.hardness)),
        mass_kg=mass_kg,
        elasticity=float(rng.uniform(*kind.elasticity)),
        friction=float(rng.uniform(*kind.friction)),
        break_impulse_n_s=inf if low == inf else (low + share * (high - low)) * mass_kg,
        rolling_m=float(rng.uniform(*kind.rolling_m)),
        offset=float(rng.uniform(*kind.offset)),
        magnetism_n=float(rng.uniform(*kind.magnetism_n)),
        sound_seed=int(rng.integers(2**31)),
    )


def _rgb(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    channels = []
    for shift in (5.0, 3.0, 1.0):
        k = (shift + hue * 6.0) % 6.0
        channels.append(float(value - value * saturation * max(0.0, min(k, 4.0 - k, 1.0))))
    return channels[0], channels[1], channels[2]
