"""Common corruptions of small pictures, to measure robustness; deterministic in a seed.

The list follows Hendrycks and Dietterich 2019 ("Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations"); the parameters are our own, chosen for 64x64 pictures, so figures
are NOT comparable with ImageNet-C or CIFAR-10-C. Severity 3 is meant to be plainly visible with the
object still recognisable. One seed draws one pattern per picture, which all severities share, so
that a curve over severity is paired; only shot noise draws anew, because photons are counted at
each severity's own rate.

Unsure: the parameters were set by eye on rendered scenes; they are not equalised between
corruptions.
"""

import io
import math
import zlib
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor
from torch.nn import functional

SEVERITIES = (1, 2, 3, 4, 5)
CHUNK = 512

Corruption = Callable[[Tensor, int, np.random.Generator], Tensor]
"""(pictures in 0..1 [n, 3, h, w], severity 1..5, generator) -> pictures, may leave 0..1 (clipped
after).
"""


def corrupt(
    images: UInt8[np.ndarray, "frame height width 3"], name: str, severity: int, seed: int = 0
) -> UInt8[np.ndarray, "frame height width 3"]:
    """Corrupted copies of the pictures.

    Args:
        images: RGB, 0..255.
        name: one of `CORRUPTIONS`.
        severity: 1 (slight) to 5 (severe).
        seed: decides noise, directions and fog; the same seed gives the same bytes.

    Raises:
        ValueError: unknown name or severity.
    """
    if name not in CORRUPTIONS:
        raise ValueError(f"unknown corruption {name!r}; there are {', '.join(CORRUPTIONS)}")
    if severity not in SEVERITIES:
        raise ValueError(f"severity {severity} is not one of {SEVERITIES}")
    result = np.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK]
        random = np.random.default_rng([seed, zlib.crc32(name.encode()), start])
        pictures = torch.from_numpy(np.ascontiguousarray(part)).permute(0, 3, 1, 2).float() / 255
        changed = CORRUPTIONS[name](pictures, severity, random).clamp(0, 1)
        result[start : start + CHUNK] = (
            (changed * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()
        )
    return result


def gaussian_noise(x: Tensor, severity: int, random: np.random.Generator) -> Tensor:
    """Independent normal noise on every value (sensor noise in poor light)."""
    noise = torch.from_numpy(random.standard_normal(x.shape, dtype=np.float32))
    return x + (0.03, 0.06, 0.10, 0.15, 0.22)[severity - 1] * noise


def shot_noise(x: Tensor, severity: int, random: np.random.Generator) -> Tensor:
    """Poisson noise of a given number of photons at full brightness."""
    photons = (400, 150, 60, 25, 10)[severity - 1]
    return torch.from_numpy(random.poisson(x.numpy() * photons).astype(np.float32)) / photons


def defocus_blur(x: Tensor, severity: int, _random: np.random.Generator) -> Tensor:
    """Convolution with a disc (a lens out of focus)."""
    radius = (0.8, 1.2, 1.8, 2.5, 3.5)[severity - 1]
    half = math.ceil(radius)
    axis = torch.arange(-half, half + 1).float()
    distance = (axis[:, None] ** 2 + axis[None, :] ** 2).sqrt()
    disc = (radius + 0.5 - distance).clamp(0, 1)
    return _convolve(x, (disc / disc.sum()).expand(len(x), -1, -1))


def motion_blur(x: Tensor, severity: int, random: np.random.Generator) -> Tensor:
    """Average along a line of random direction, another one for every picture."""
    length = (2.0, 3.5, 5.5, 8.0, 11.0)[severity - 1]
    half = math.ceil(length / 2)
    angle = torch.from_numpy(random.uniform(0, math.pi, len(x)).astype(np.float32))[:, None, None]
    axis = torch.arange(-half, half + 1).float()
    down, right = axis[:, None], axis[None, :]
    along = right * angle.cos() + down * angle.sin()
    across = down * angle.cos() - right * angle.sin()
    line = (length / 2 + 0.5 - along.abs()).clamp(0, 1) * (1 - across.abs()).clamp(min=0)
    return _convolve(x, line / line.sum((1, 2), keepdim=True))


def brightness(x: Tensor, severity: int, _random: np.random.Generator) -> Tensor:
    """Everything brighter by a constant (overexposure)."""
    return x + (0.08, 0.16, 0.24, 0.32, 0.42)[severity - 1]


def contrast(x: Tensor, severity: int, _random: np.random.Generator) -> Tensor:
    """Values pulled towards the picture's mean."""
    mean = x.mean((1, 2, 3), keepdim=True)
    return (x - mean) * (0.7, 0.5, 0.35, 0.22, 0.12)[severity - 1] + mean


def fog(x: Tensor, severity: int, random: np.random.Generator) -> Tensor:
    """A white haze whose thickness varies smoothly over the picture (noise in four octaves)."""
    haze = torch.zeros(len(x), 1, *x.shape[-2:])
    for octave, cells in enumerate((2, 4, 8, 16)):
        noise = torch.from_numpy(random.random((len(x), 1, cells, cells), dtype=np.float32))
        smooth = functional.interpolate(
            noise, size=x.shape[-2:], mode="bicubic", align_corners=True
        )
        haze += smooth / 2 ** (octave + 1)
    haze = haze.clamp(0, 1)
    opacity = (0.25, 0.40, 0.55, 0.68, 0.80)[severity - 1] * (0.5 + haze).clamp(max=1.2)
    return x * (1 - opacity) + 0.9 * opacity


def pixelate(x: Tensor, severity: int, _random: np.random.Generator) -> Tensor:
    """Averaged into coarse cells and blown up again."""
    share = (0.75, 0.55, 0.40, 0.28, 0.20)[severity - 1]
    coarse = [max(1, round(side * share)) for side in x.shape[-2:]]
    return functional.interpolate(
        functional.interpolate(x, size=coarse, mode="area"), size=x.shape[-2:]
    )


def jpeg(x: Tensor, severity: int, _random: np.random.Generator) -> Tensor:
    """Stored as JPEG of low quality and read again."""
    from PIL import Image

    quality = (40, 22, 12, 7, 3)[severity - 1]
    pictures = (x * 255).round().byte().permute(0, 2, 3, 1).numpy()
    decoded = np.empty_like(pictures)
    for row, picture in enumerate(pictures):
        stored = io.BytesIO()
        Image.fromarray(picture).save(stored, "JPEG", quality=quality)
        decoded[row] = np.asarray(Image.open(stored))
    return torch.from_numpy(decoded).permute(0, 3, 1, 2).float() / 255


def _convolve(x: Tensor, kernels: Tensor) -> Tensor:
    """Each picture with its own odd-sized kernel [n, k, k]; borders repeat the edge."""
    n, channels, height, width = x.shape
    half = kernels.shape[-1] // 2
    padded = functional.pad(x, (half, half, half, half), mode="replicate")
    weight = kernels[:, None].repeat_interleave(channels, 0)
    flat = padded.reshape(1, n * channels, height + 2 * half, width + 2 * half)
    return functional.conv2d(flat, weight, groups=n * channels).reshape(n, channels, height, width)


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": gaussian_noise,
    "shot_noise": shot_noise,
    "defocus_blur": defocus_blur,
    "motion_blur": motion_blur,
    "brightness": brightness,
    "contrast": contrast,
    "fog": fog,
    "pixelate": pixelate,
    "jpeg": jpeg,
}
