"""What the tabletop looks like: a fixed list of grey textures; table, light and camera vary.

Every model declares the same textures and materials in the same order, whatever it uses, so that
one GL context (which holds the textures) serves all episodes. Colour comes from the geom's rgba,
which multiplies the grey texture.
"""

from dataclasses import dataclass
from functools import cache

import mujoco
import numpy as np
from jaxtyping import UInt8
from numpy.random import Generator, default_rng

TEXTURE_SIZE = 32
# name: (specular, shininess); the order is part of the contract with the shared GL context
MATERIALS: dict[str, tuple[float, float]] = {
    "plain": (0.2, 0.3),
    "wood": (0.1, 0.2),
    "metal": (1.0, 0.8),
    "marble": (0.6, 0.6),
    "striped": (0.2, 0.3),
    "checker": (0.2, 0.3),
    "speckled": (0.2, 0.3),
    "grain": (0.1, 0.2),
}
TABLE_MATERIALS = ("plain", "grain")


@dataclass(frozen=True)
class SceneLook:
    """Drawn per episode, and never from anything hidden."""

    table_material: str
    table_rgb: tuple[float, float, float]
    hand_grey: float
    light_position_m: tuple[float, float, float]
    light_strength: float
    ambient_strength: float
    camera_position_m: tuple[float, float, float]
    camera_target_m: tuple[float, float, float]
    camera_fovy_deg: float


def draw_look(rng: Generator) -> SceneLook:
    """Lighting, table and camera of one episode."""
    grey = rng.uniform(0.45, 0.55)
    tint = rng.uniform(-0.02, 0.02, 3)
    azimuth = rng.uniform(-np.pi, np.pi)
    radius_m = rng.uniform(0.2, 0.8)
    jitter_m = rng.uniform(-0.012, 0.012, 6)
    return SceneLook(
        table_material=TABLE_MATERIALS[int(rng.integers(len(TABLE_MATERIALS)))],
        table_rgb=(float(grey + tint[0]), float(grey + tint[1]), float(grey + tint[2])),
        hand_grey=float(rng.uniform(0.38, 0.46)),
        light_position_m=(
            float(radius_m * np.cos(azimuth)),
            float(radius_m * np.sin(azimuth)),
            float(rng.uniform(0.7, 1.2)),
        ),
        light_strength=float(rng.uniform(0.4, 0.8)),
        ambient_strength=float(rng.uniform(0.35, 0.55)),
        camera_position_m=(
            float(jitter_m[0]),
            float(-0.37 + jitter_m[1]),
            float(0.385 + jitter_m[2]),
        ),
        camera_target_m=(
            float(jitter_m[3]),
            float(jitter_m[4]),
            float(0.045 + 0.5 * jitter_m[5]),
        ),
        camera_fovy_deg=float(rng.uniform(25.0, 27.0)),
    )


def add_materials(spec: mujoco.MjSpec) -> None:
    """Declare every texture and material, in the fixed order."""
    for name, (specular, shininess) in MATERIALS.items():
        drawn = spec.add_texture(
            name=name,
            type=mujoco.mjtTexture.mjTEXTURE_CUBE,
            width=TEXTURE_SIZE,
            height=6 * TEXTURE_SIZE,
            nchannel=3,
        )
        drawn.data = _cube(name)
        material = spec.add_material(name=name, specular=specular, shininess=shininess)
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name


@cache
def _cube(name: str) -> bytes:
    return np.tile(np.repeat(texture(name)[:, :, None], 3, axis=2), (6, 1, 1)).tobytes()


@cache
def texture(name: str) -> UInt8[np.ndarray, "32 32"]:
    """One grey texture, computed from nothing but its name."""
    row, column = np.mgrid[0:TEXTURE_SIZE, 0:TEXTURE_SIZE] / TEXTURE_SIZE
    noise = default_rng(len(name)).random((TEXTURE_SIZE, TEXTURE_SIZE))
    match name:
        case "plain":
            grey = np.full_like(row, 0.95)
        case "wood":
            grey = 0.7 + 0.25 * np.sin(2 * np.pi * (3 * row + 0.4 * np.sin(2 * np.pi * column)))
        case "metal":
            grey = 0.75 + 0.2 * noise[:, :1] * np.ones_like(row)
        case "marble":
            grey = 0.95 - 0.55 * np.exp(-20 * np.sin(np.pi * (row + column + 0.1 * noise)) ** 2)
        case "striped":
            grey = np.where((column * 3) % 1 < 0.5, 1.0, 0.3)
        case "checker":
            grey = np.where(((row * 2) % 1 < 0.5) ^ ((column * 2) % 1 < 0.5), 1.0, 0.3)
        case "speckled":
            dots = np.kron(noise[::4, ::4], np.ones((4, 4)))  # finer ones vanish at this resolution
            grey = np.where(dots < 0.25, 0.2, 0.95)
        case "grain":  # faint: bold waves under small objects drown them (experiments/LOG.md)
            grey = 0.9 + 0.06 * np.sin(2 * np.pi * (6 * row + 0.3 * np.sin(2 * np.pi * column)))
        case _:
            raise ValueError(f"no texture named {name!r}")
    return (255 * np.clip(grey, 0.0, 1.0)).astype(np.uint8)
