"""Vision encoder: innate stem, ResNet without batch statistics, a readout that keeps places apart,
and beside it the gist of the stem's channels.

The readout flattens a few channels instead of averaging over places: where a thing is counts as
much as what it is. The gist (`nsca.models.gist`) forgets places and keeps what is there; it fills
half of the feature vector.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from nsca.models.gist import STATISTICS, gist
from nsca.models.innate_stem import InnateStem, PriorMode
from nsca.models.resnet import SHRUNK, resnet


class VisionEncoder(nn.Module):
    """From a picture to a feature vector.

    Args:
        channels, blocks: see `resnet`.
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
        self.image_size = image_size
        self.n_out = n_out
        self.stem = InnateStem(gabor, colour, depth, stride, image_size)
        self.backbone = resnet(self.stem.n_channels, channels, blocks)
        n_places = (image_size // stride // SHRUNK) ** 2
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

    def embed_stored(
        self, stored: UInt8[Tensor, "frame height width 3"], chunk: int = 32
    ) -> Float[Tensor, "frame feature"]:
        """See `SenseEncoder`; frames are RGB, 0..255."""
        device = next(self.parameters()).device
        with torch.no_grad():
            parts = [self.see(part.to(device)).float().cpu() for part in stored.split(chunk)]
        return torch.cat(parts)

    def see(self, stored: UInt8[Tensor, "frame height width 3"]) -> Float[Tensor, "frame feature"]:
        """Return features of frames as they are stored, with a graph, where the encoder is."""
        return self(stored.permute(0, 3, 1, 2).float() / 255)
