"""From features back to a coarse spectrogram: what a sound's features still say of it."""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class MelDecoder(nn.Module):
    """A two-layer MLP to `bands` x `frames` values; training only.

    Args:
        n_in: width of the features.
        n_hidden: width of the hidden layer.
        bands: of the spectrogram.
        frames: so many over the whole sound, whatever its length.
    """

    def __init__(self, n_in: int, n_hidden: int, bands: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.layers = nn.Sequential(
            nn.Linear(n_in, n_hidden),
            nn.LayerNorm(n_hidden),
            nn.SiLU(),
            nn.Linear(n_hidden, bands * frames),
        )

    def forward(self, features: Float[Tensor, "sample feature"]) -> Float[Tensor, "sample band t"]:
        """Return log-mel values as `coarse` would give them."""
        flat = self.layers(features)
        return rearrange(flat, "sample (band t) -> sample band t", t=self.frames)

    def coarse(self, log_mel: Float[Tensor, "sample band frame"]) -> Float[Tensor, "sample band t"]:
        """Return the spectrogram averaged to the decoder's frames: the target."""
        with torch.no_grad():
            return functional.adaptive_avg_pool1d(log_mel, self.frames)
