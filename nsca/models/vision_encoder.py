"""Vision encoder: innate stem, ResNet without batch statistics, a readout that keeps places apart,
and beside it the gist of the stem's channels.

The backbone is timm's ResNet (He et al. 2016) with GroupNorm (Wu and He 2018): a sample's features
never depend on its batch mates, which gradient caching needs. Its 7x7 convolution and pooling, made
for 224 pixels, give way to one 3x3 convolution on the stem's channels. The readout flattens a few
channels instead of averaging over places: where a thing is counts as much as what it is. The gist
(`nsca.models.gist`) forgets places and keeps what is there; it fills half of the feature vector.
"""

from collections.abc import Sequence

import timm
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from nsca.models.gist import STATISTICS, gist
from nsca.models.innate_stem import InnateStem, PriorMode

CHANNELS_PER_GROUP = 8


class VisionEncoder(nn.Module):
    """From a picture to a feature vector.

    Args:
        channels: of the four stages, each a multiple of 8; the first is the number of base
        channels.
        blocks: residual blocks of the four stages; (2, 2, 2, 2) is a ResNet-18.
        readout_channels: kept at each of the last stage's places.
        n_out: width of the feature vector.
        stride: of the stem.
        image_size: height and width of the pictures.
        with_gist: whether half of the features are a linear map of the gist.
        gabor, colour, depth: the stem's priors: off, frozen, learned or random.
    """

    def __init__(
        self,
        *,
        channels: Sequence[int],
        blocks: Sequence[int],
        readout_channels: int,
        n_out: int,
        stride: int,
        image_size: int,
        with_gist: bool,
        gabor: PriorMode,
        colour: PriorMode,
        depth: PriorMode,
    ) -> None:
        super().__init__()
        if len(channels) != 4 or len(blocks) != 4 or any(c % CHANNELS_PER_GROUP for c in channels):
            raise ValueError(f"need 4 stages of channels divisible by 8: {channels}, {blocks}")
        self.image_size = image_size
        self.stem = InnateStem(gabor, colour, depth, stride, image_size)
        self.backbone = timm.create_model(
            "resnet18",
            pretrained=False,
            in_chans=self.stem.n_channels,
            num_classes=0,
            global_pool="",
            stem_type="deep",
            stem_width=channels[0] // 2,
            layers=tuple(blocks),
            channels=tuple(channels),
            norm_layer=GroupsOfEight,
            zero_init_last=False,
        )
        self.backbone.conv1 = nn.Conv2d(
            self.stem.n_channels, channels[0], kernel_size=3, padding=1, bias=False
        )
        self.backbone.maxpool = nn.Identity()
        self.backbone.to(memory_format=torch.channels_last)  # a fifth faster on CPU, more on GPU
        n_places = (image_size // stride // 8) ** 2
        n_gist = n_out // 2 if with_gist else 0
        self.readout = nn.Sequential(
            nn.Conv2d(channels[-1], readout_channels, kernel_size=1),
            nn.Flatten(),
            nn.Linear(readout_channels * n_places, n_out - n_gist),
        )
        self.gist = nn.Linear(STATISTICS * self.stem.n_channels, n_gist) if with_gist else None

    def forward(
        self, images: Float[Tensor, "sample 3 height width"]
    ) -> Float[Tensor, "sample feature"]:
        """Return features of RGB pictures in 0..1."""
        channels = self.stem(images)
        features = self.readout(self.backbone(channels))
        if self.gist is None:
            return features
        return torch.cat([features, self.gist(gist(channels))], dim=1)

    def embed_frames(
        self, frames: UInt8[Tensor, "frame height width 3"], chunk: int = 256
    ) -> Float[Tensor, "frame feature"]:
        """Return features of stored frames, without augmentation and without a graph, on the CPU.

        Args:
            frames: RGB, 0..255, as `data.batch.Frames` holds them (through torch.from_numpy).
            chunk: frames embedded at once.
        """
        device = next(self.parameters()).device
        with torch.no_grad():
            parts = [
                self(part.to(device).permute(0, 3, 1, 2).float() / 255).float().cpu()
                for part in frames.split(chunk)
            ]
        return torch.cat(parts)


class GroupsOfEight(nn.GroupNorm):
    """GroupNorm with 8 channels a group, constructed as timm constructs its norms."""

    def __init__(
        self,
        n_channels: int,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        groups = max(1, n_channels // CHANNELS_PER_GROUP)
        super().__init__(groups, n_channels, device=device, dtype=dtype)
