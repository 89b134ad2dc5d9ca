"""Image augmentations in batches, on the device; parameters are drawn apart from their use.

The parameters of every sample are a pure function of (seed, step, view): they are drawn on the CPU,
so a run sees the same views on every device and after a resume. A crop with its resize and flip is
two matrix products (bilinear weights along rows and along columns); brightness, contrast,
saturation, hue and grayscale are together one 3x3 matrix and an offset. Both are exact in one pass
over the pixels.

The recipe is SimCLR's (Chen et al. 2020), milder: a crop to 8 % of the area and strong colour
jitter would wash out the size, place and colour that a world model must know.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from nsca.models.innate_stem import LUMA

AUGMENTATION_STREAM = 3


@dataclass(frozen=True)
class AugmentationSettings:
    """Ranges that the parameters are drawn from.

    Attributes:
        crop_area: smallest crop as a share of the picture's area, in (0, 1].
        crop_aspect: the largest ratio of width to height, at least 1; drawn log-uniformly around 1.
        flip: probability of a horizontal flip.
        jitter: probability of the next four.
        brightness, contrast, saturation: factors are drawn from 1 - x to 1 + x.
        hue: rotation about the grey axis, up to this share of a full turn, either way.
        grayscale: probability of losing all colour.
    """

    crop_area: float = 0.5
    crop_aspect: float = 1.2
    flip: float = 0.5
    jitter: float = 1.0
    brightness: float = 0.4
    contrast: float = 0.4
    saturation: float = 0.2
    hue: float = 0.025
    grayscale: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.crop_area <= 1 or self.crop_aspect < 1:
            raise ValueError(f"crop_area must be in (0, 1] and crop_aspect at least 1: {self}")
        if not all(0 <= x <= 1 for x in (self.flip, self.jitter, self.grayscale)):
            raise ValueError(f"flip, jitter and grayscale are probabilities: {self}")
        if not all(
            0 <= x <= 1 for x in (self.brightness, self.contrast, self.saturation, self.hue)
        ):
            raise ValueError(f"jitter ranges lie in 0..1: {self}")


@dataclass(frozen=True)
class AugmentationParameters:
    """What is done to each sample of a batch.

    Attributes:
        centre, extent: of the crop along (vertical, horizontal), as shares of the picture.
        flip: whether left and right are swapped.
        colour, offset: new RGB = colour @ RGB + offset @ mean RGB of the sample.
    """

    centre: Float[Tensor, "batch 2"]
    extent: Float[Tensor, "batch 2"]
    flip: Float[Tensor, " batch"]
    colour: Float[Tensor, "batch 3 3"]
    offset: Float[Tensor, "batch 3 3"]


def draw_parameters(
    settings: AugmentationSettings, *, seed: int, step: int, view: int, samples: int
) -> AugmentationParameters:
    """Return the parameters of a batch: the same for the same arguments, on any machine."""
    rng = np.random.default_rng([seed, AUGMENTATION_STREAM, step, view])
    draw = torch.from_numpy(rng.random((11, samples), dtype=np.float32))

    area = settings.crop_area + (1 - settings.crop_area) * draw[0]
    aspect = settings.crop_aspect ** (2 * draw[1] - 1)
    extent = torch.stack([(area / aspect).sqrt(), (area * aspect).sqrt()], dim=1).clamp(max=1.0)
    centre = extent / 2 + (1 - extent) * draw[2:4].T

    jittered = (draw[10] < settings.jitter).float()
    brightness = 1 + jittered * settings.brightness * (2 * draw[4] - 1)
    contrast = 1 + jittered * settings.contrast * (2 * draw[5] - 1)
    saturation = 1 + jittered * settings.saturation * (2 * draw[6] - 1)
    saturation = torch.where(draw[7] < settings.grayscale, 0.0, saturation)
    angle = 2 * torch.pi * jittered * settings.hue * (2 * draw[8] - 1)

    luma = torch.tensor(LUMA).expand(3, 3)
    identity = torch.eye(3)
    saturate = saturation.view(-1, 1, 1) * (identity - luma) + luma
    colour = brightness.view(-1, 1, 1) * saturate @ _hue_rotation(angle)
    offset = (1 - contrast).view(-1, 1, 1) * luma @ colour
    return AugmentationParameters(
        centre=centre,
        extent=extent,
        flip=(draw[9] < settings.flip).float(),
        colour=contrast.view(-1, 1, 1) * colour,
        offset=offset,
    )


def _hue_rotation(angle: Float[Tensor, " batch"]) -> Float[Tensor, "batch 3 3"]:
    """Return rotations about the grey axis (Rodrigues), which leave greys alone."""
    third = 1 / 3
    cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) * third**0.5
    cos, sin = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    return cos * torch.eye(3) + (1 - cos) * torch.full((3, 3), third) + sin * cross


def augment(
    frames: UInt8[Tensor, "batch 3 height width"], parameters: AugmentationParameters
) -> Float[Tensor, "batch 3 height width"]:
    """Return one view of each frame, RGB in 0..1, on the device of the frames."""
    device = frames.device
    height, width = frames.shape[-2:]
    centre, extent = parameters.centre.to(device), parameters.extent.to(device)
    rows = _sampling_weights(centre[:, 0], extent[:, 0], height)
    columns = _sampling_weights(centre[:, 1], extent[:, 1], width)
    flipped = parameters.flip.to(device).view(-1, 1, 1) > 0
    columns = torch.where(flipped, columns.flip(1), columns)

    # Contiguous operands of plain bmm: broadcasting matmul is three times slower on a CPU.
    samples = len(frames)
    images = frames.contiguous().to(rows.dtype).div_(255)
    images = torch.bmm(images.view(samples, 3 * height, width), columns.transpose(1, 2))
    rows = rows.repeat_interleave(3, dim=0)
    flat = torch.bmm(rows, images.view(3 * samples, height, width)).view(samples, 3, -1)

    colour, offset = parameters.colour.to(device), parameters.offset.to(device)
    shift = offset @ flat.mean(dim=2, keepdim=True)
    return torch.baddbmm(shift, colour, flat).clamp_(0, 1).view(samples, 3, height, width)


def _sampling_weights(
    centre: Float[Tensor, " batch"], extent: Float[Tensor, " batch"], size: int
) -> Float[Tensor, "batch size size"]:
    """Return bilinear weights [output pixel, input pixel] that stretch a crop to the full size."""
    pixel = torch.arange(size, device=centre.device, dtype=centre.dtype)
    share = (pixel + 0.5) / size - 0.5
    position = (centre[:, None] + extent[:, None] * share) * size - 0.5
    position = position.clamp(0, size - 1)
    return (1 - (position[:, :, None] - pixel).abs()).clamp_(min=0)
