"""Innate stem: early vision that need not be learned, in front of a backbone.

Three priors, each switchable:

- *Gabor energy*, 8 orientations x 4 scales: V1 complex cells as quadrature pairs (Daugman 1985;
  Adelson and
  Bergen 1985), fixed in front of a network as in VOneNet (Dapello et al. 2020).
- *Colour opponency*, red-green and blue-yellow (Hurvich and Jameson 1957), divided by luminance as
  adaptation does, so that the response follows surface colour rather than brightness.
- *Monocular depth cues*: height in the visual field (Cutting and Vishton 1995), local contrast,
  whose
  density grows with distance (texture gradient, Gibson 1950), and sharpness, the ratio of fine to
  coarse detail, which defocus lowers (Pentland 1987).

Each group of channels is then adapted: its mean over the picture is taken away and its spread
divided out, as retina and cortex do (Carandini and Heeger 2012, "Normalization as a canonical
neural computation"). Without batch statistics nothing later would centre them, and a supervised
encoder learned size and material several times slower (`experiments/LOG.md`).

Unsure: which wavelengths fit 64x64 renderings best; 3 to 8.5 pixels cover edges and small objects.
The known benefit of such stems is robustness, at a small cost in clean accuracy.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

PriorMode = Literal["off", "frozen", "learned", "random"]
"""off: absent. frozen: fixed. learned: trained from there. random: fixed random filters of the same
shapes and norms, the control that tells a prior from mere extra channels."""

ORIENTATIONS = 8
OCTAVE_WAVELENGTHS_PX = (3.0, 3.0 * math.sqrt(2.0))
"""Two scales an octave; the same filters on a half-size picture give the next octave's two."""
OCTAVES = 2
GABOR_SIZE_PX = 11
DEPTH_SIZE_PX = 7
LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in perceived brightness (ITU-R BT.601)."""
OPPONENCY = ((1.0, -1.0, 0.0), (-0.5, -0.5, 1.0))
"""Red minus green; blue minus yellow (mean of red and green). Rows sum to 0: greys give nothing."""


class InnateStem(nn.Module):
    """RGB, rearranged without loss, with the channels of every prior that is on.

    Args:
        gabor: Gabor energy, 32 channels.
        colour: colour opponency, 2 channels.
        depth: depth cues, 3 channels.
        stride: output pixels are stride x stride input pixels; 2, 4 or 8.
        image_size: height and width of the input, a multiple of the stride.

    With every prior off, the output is the picture itself, rearranged (`pixel_unshuffle`) and
    adapted.

    Raises:
        ValueError: an unknown mode, or sizes that do not fit.
    """

    def __init__(
        self, gabor: PriorMode, colour: PriorMode, depth: PriorMode, stride: int, image_size: int
    ) -> None:
        super().__init__()
        if stride not in (2, 4, 8) or image_size % stride:
            raise ValueError(
                f"stride must be 2, 4 or 8 and divide image_size: {stride}, {image_size}"
            )
        self.stride = stride
        self.n_channels = 3 * stride**2
        priors: list[nn.Module] = []
        self.groups: list[int] = []  # of each prior's channels: adapted together
        if gabor != "off":
            priors.append(GaborEnergy(gabor, stride))
            self.groups.append(1)
            self.n_channels += ORIENTATIONS * len(OCTAVE_WAVELENGTHS_PX) * OCTAVES
        if colour != "off":
            priors.append(ColourOpponency(colour, stride))
            self.groups.append(1)
            self.n_channels += len(OPPONENCY)
        if depth != "off":
            priors.append(DepthCues(depth, stride, image_size // stride))
            self.groups.append(3)
            self.n_channels += 3
        self.priors = nn.ModuleList(priors)

    def forward(
        self, images: Float[Tensor, "sample 3 height width"]
    ) -> Float[Tensor, "sample channel out_height out_width"]:
        """Return the stem's channels for RGB in 0..1."""
        channels = [adapt(functional.pixel_unshuffle(images, self.stride))]
        if self.priors:
            grey = luminance(images)  # once for all: it costs as much as a prior
            channels += [
                adapt(prior(images, grey), groups)
                for prior, groups in zip(self.priors, self.groups, strict=True)
            ]
        return torch.cat(channels, dim=1)


def adapt(
    channels: Float[Tensor, "sample channel height width"], groups: int = 1
) -> Float[Tensor, "sample channel height width"]:
    """Return each picture's channels with mean 0 and spread 1 over a group of channels.

    What is all but even (a spread under 1 % of the range of RGB) stays so.
    """
    return functional.group_norm(channels, groups, eps=1e-4)


class GaborEnergy(nn.Module):
    """Energy of quadrature pairs of Gabor filters on luminance, over two octaves."""

    def __init__(self, mode: PriorMode, stride: int) -> None:
        super().__init__()
        self.stride = stride
        for octave in range(OCTAVES):
            _install(self, f"octave_{octave}", _zero_mean_control(gabor_pairs(), mode), mode)

    def forward(
        self,
        images: Float[Tensor, "sample 3 height width"],
        grey: Float[Tensor, "sample 1 height width"],
    ) -> Float[Tensor, "sample channel out_height out_width"]:
        energies = []
        for octave in range(OCTAVES):
            filters = getattr(self, f"octave_{octave}")
            padded = functional.pad(grey, [GABOR_SIZE_PX // 2] * 4, mode="replicate")
            even, odd = functional.conv2d(padded, filters, stride=self.stride >> octave).chunk(
                2, dim=1
            )
            energies.append((even.square() + odd.square() + 1e-6).sqrt())
            grey = functional.avg_pool2d(grey, 2)
        return torch.cat(energies, dim=1)


class ColourOpponency(nn.Module):
    """Red-green and blue-yellow relative to luminance, averaged over each output pixel."""

    weights: Tensor

    def __init__(self, mode: PriorMode, stride: int) -> None:
        super().__init__()
        self.stride = stride
        weights = torch.tensor(OPPONENCY)
        weights = weights / weights.norm(dim=1, keepdim=True)
        _install(self, "weights", _random_like(weights) if mode == "random" else weights, mode)

    def forward(
        self,
        images: Float[Tensor, "sample 3 height width"],
        grey: Float[Tensor, "sample 1 height width"],
    ) -> Float[Tensor, "sample 2 out_height out_width"]:
        pooled = functional.avg_pool2d(images, self.stride)
        opponent = functional.conv2d(pooled, self.weights[:, :, None, None])
        return opponent / (functional.avg_pool2d(grey, self.stride) + 0.2)


class DepthCues(nn.Module):
    """Height in the visual field, local contrast, sharpness."""

    bands: Tensor
    height: Tensor

    def __init__(self, mode: PriorMode, stride: int, n_rows: int) -> None:
        super().__init__()
        self.stride = stride
        height = torch.linspace(-1, 1, n_rows)
        _install(self, "bands", _zero_mean_control(band_filters(), mode), mode)
        _install(
            self, "height", _random_like(height[None])[0] if mode == "random" else height, mode
        )

    def forward(
        self,
        images: Float[Tensor, "sample 3 height width"],
        grey: Float[Tensor, "sample 1 height width"],
    ) -> Float[Tensor, "sample 3 out_height out_width"]:
        padded = functional.pad(grey, [DEPTH_SIZE_PX // 2] * 4, mode="replicate")
        # Four samples of the band's power an output pixel are enough, and cheap.
        power = functional.conv2d(padded, self.bands, stride=self.stride // 2).square()
        power = functional.avg_pool2d(power, 2)
        power = functional.avg_pool2d(power, 3, stride=1, padding=1, count_include_pad=False) + 1e-4
        fine, coarse = power.split(1, dim=1)
        rows = self.height.to(power.dtype)[None, None, :, None].expand_as(fine)
        return torch.cat([rows, coarse.sqrt(), (fine / coarse).log() / 4], dim=1)


def luminance(
    images: Float[Tensor, "sample 3 height width"],
) -> Float[Tensor, "sample 1 height width"]:
    """Return perceived brightness."""
    red, green, blue = images.split(1, dim=1)  # a 1x1 convolution is four times slower on a CPU
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


def gabor_pairs() -> Float[Tensor, "filter 1 size size"]:
    """Return one octave: all even (cosine) filters, then all odd (sine) ones, by scale and angle.

    Orientation k has its stripes' normal at k * 180 / 8 degrees from the horizontal. Bandwidth is
    one octave (sigma = 0.56 wavelength); every filter has zero mean and unit norm.
    """
    half = GABOR_SIZE_PX // 2
    y, x = torch.meshgrid(*[torch.arange(-half, half + 1).float()] * 2, indexing="ij")
    filters = []
    for phase in (0.0, math.pi / 2):
        for wavelength in OCTAVE_WAVELENGTHS_PX:
            envelope = torch.exp(-(x.square() + y.square()) / (2 * (0.56 * wavelength) ** 2))
            for k in range(ORIENTATIONS):
                angle = math.pi * k / ORIENTATIONS
                along = x * math.cos(angle) + y * math.sin(angle)
                filters.append(envelope * torch.cos(2 * math.pi * along / wavelength - phase))
    return _zero_mean_unit_norm(torch.stack(filters)[:, None])


def band_filters() -> Float[Tensor, "2 1 size size"]:
    """Return a fine and a coarse band-pass filter (differences of Gaussians one octave apart)."""
    half = DEPTH_SIZE_PX // 2
    y, x = torch.meshgrid(*[torch.arange(-half, half + 1).float()] * 2, indexing="ij")
    squared = x.square() + y.square()

    def gaussian(sigma: float) -> Tensor:
        bell = torch.exp(-squared / (2 * sigma**2))
        return bell / bell.sum()

    bands = [gaussian(0.5) - gaussian(0.8), gaussian(1.0) - gaussian(1.6)]
    return _zero_mean_unit_norm(torch.stack(bands)[:, None])


def _zero_mean_unit_norm(filters: Tensor) -> Tensor:
    filters = filters - filters.mean(dim=(1, 2, 3), keepdim=True)
    return filters / filters.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def _zero_mean_control(filters: Tensor, mode: PriorMode) -> Tensor:
    """Return the filters, or random ones that match them in shape, norm and mean."""
    return _zero_mean_unit_norm(torch.randn_like(filters)) if mode == "random" else filters


def _random_like(rows: Float[Tensor, "row column"]) -> Float[Tensor, "row column"]:
    noise = torch.randn_like(rows)
    return noise / noise.norm(dim=1, keepdim=True) * rows.norm(dim=1, keepdim=True)


def _install(module: nn.Module, name: str, weights: Tensor, mode: PriorMode) -> None:
    """Give a module its filters: a parameter if they are learned, else a buffer (saved too)."""
    if mode == "learned":
        module.register_parameter(name, nn.Parameter(weights))
    elif mode in ("frozen", "random"):
        module.register_buffer(name, weights)
    else:
        raise ValueError(f"unknown prior mode {mode!r}: one of off, frozen, learned, random")
