"""Audio encoder: a ResNet over the log-mel spectrogram, and beside it the gist of its bands.

As in the vision encoder (`nsca.models.vision_encoder`), half of the features are learned filters
and half a linear map of statistics that need no training: how loud each band is on average, how
much it varies, its peak, and how fast it rises and falls. On the log-mel that is what linear
classifiers of short sounds have always been fed; the map to fewer numbers may still lose some of
it. Time is averaged away, frequency is not: a pitch is not a texture. Where the order of what is
heard matters (words), the gist can have it, too: the mean of each band in so many equal parts of
the sound, from where it is first heard to where it is last.
"""

from collections.abc import Sequence

import torch
from einops import rearrange
from jaxtyping import Float, Int16
from torch import Tensor, nn

from nsca.models.log_mel import DECIBEL_PER_UNIT, LogMel
from nsca.models.resnet import SHRUNK, resnet

STATISTICS = 5  # of each band
HEARD_DECIBEL = 20  # below the loudest frame: quieter beginnings and ends are none
# of the first convolution, in bands and frames: 40 ms a place, an eighth of the work
KERNEL, STRIDE, PADDING = (4, 8), (2, 4), (1, 2)


class AudioEncoder(nn.Module):
    """From a log-mel spectrogram of any length to a feature vector.

    Args:
        bands: mel bands, a multiple of 16.
        channels, blocks: see `resnet`.
        readout_channels: kept at each of the last stage's frequencies.
        n_out: width of the feature vector.
        with_gist: whether half of the features are a linear map of the bands' statistics.
        gist_parts: of the sound whose means the gist has beside them, in order; 1 for none.

    Raises:
        ValueError: an impossible number of bands, or of parts; parts without a gist.
    """

    def __init__(
        self,
        *,
        bands: int,
        channels: Sequence[int],
        blocks: Sequence[int],
        readout_channels: int,
        n_out: int,
        with_gist: bool,
        gist_parts: int = 1,
    ) -> None:
        super().__init__()
        if gist_parts < 1:
            raise ValueError(f"gist_parts must be 1 or more, got {gist_parts}")
        n_levels, left = divmod(bands, SHRUNK * STRIDE[0])
        if left:
            raise ValueError(f"bands must be a multiple of {SHRUNK * STRIDE[0]}, got {bands}")
        self.n_out = n_out
        self.front = LogMel(bands)
        self.stem = nn.Conv2d(1, channels[0], kernel_size=KERNEL, stride=STRIDE, padding=PADDING)
        self.backbone = resnet(channels[0], channels, blocks)
        n_gist = n_out // 2 if with_gist else 0
        self.narrow = nn.Conv2d(channels[-1], readout_channels, kernel_size=1)
        self.readout = nn.Linear(2 * readout_channels * n_levels, n_out - n_gist)
        if gist_parts > 1 and not with_gist:
            raise ValueError(f"gist_parts={gist_parts} without a gist: with_gist must be true")
        self.gist_parts = gist_parts
        n_known = STATISTICS + (gist_parts if gist_parts > 1 else 0)
        self.gist = nn.Linear(n_known * bands, n_gist) if with_gist else None

    def forward(
        self, log_mel: Float[Tensor, "sample band frame"]
    ) -> Float[Tensor, "sample feature"]:
        """Return features of spectrograms as `LogMel` makes them."""
        places = self.narrow(self.backbone(self.stem(log_mel[:, None])))
        over_time = torch.cat([places.mean(dim=3), places.amax(dim=3)], dim=1)
        features = self.readout(
            rearrange(over_time, "sample channel band -> sample (channel band)")
        )
        if self.gist is None:
            return features
        known = band_statistics(log_mel)
        if self.gist_parts > 1:
            known = torch.cat([known, band_course(log_mel, self.gist_parts)], dim=1)
        return torch.cat([features, self.gist(known)], dim=1)

    def embed_stored(
        self, stored: Int16[Tensor, "sound time"], chunk: int = 32
    ) -> Float[Tensor, "sound feature"]:
        """See `SenseEncoder`; sounds are 16-bit samples at 16 kHz."""
        device = self.readout.weight.device
        with torch.no_grad():
            parts = [self.hear(part.to(device)).float().cpu() for part in stored.split(chunk)]
        return torch.cat(parts)

    def hear(self, stored: Int16[Tensor, "sound time"]) -> Float[Tensor, "sound feature"]:
        """Return features of sounds as they are stored, with a graph, where the encoder is."""
        return self(self.front.of_stored(stored))


def band_course(
    log_mel: Float[Tensor, "sample band frame"], parts: int
) -> Float[Tensor, "sample mean"]:
    """Of each band its mean in equal parts of the sound, one part after the other.

    The sound lasts from the first to the last frame whose loudest band is within 20 dB of the
    loudest of all, so that silence before and after it, and when it comes, change nothing. A part
    that is shorter than a frame takes the one that it lies in.
    """
    loudest = log_mel.amax(dim=1)
    heard = loudest >= loudest.amax(dim=1, keepdim=True) - HEARD_DECIBEL / DECIBEL_PER_UNIT
    frame = torch.arange(log_mel.shape[2], device=log_mel.device)
    first = torch.where(heard, frame, log_mel.shape[2]).amin(dim=1, keepdim=True)
    last = torch.where(heard, frame, -1).amax(dim=1, keepdim=True)
    frames = last - first + 1
    number = torch.arange(parts, device=log_mel.device)
    part = torch.div((frame - first) * parts, frames, rounding_mode="floor")
    inside = part[:, :, None] == number
    within = first + torch.div((2 * number + 1) * frames, 2 * parts, rounding_mode="floor")
    inside |= ~inside.any(dim=1, keepdim=True) & (frame[:, None] == within[:, None])
    share = (inside / inside.sum(dim=1, keepdim=True)).to(log_mel.dtype)
    return torch.einsum("sbf,sfp->spb", log_mel, share).flatten(1)


def band_statistics(
    log_mel: Float[Tensor, "sample band frame"],
) -> Float[Tensor, "sample statistic"]:
    """Of each band its mean, spread and peak, and how much it rises and falls from frame to
    frame.
    """
    change = log_mel.diff(dim=2)
    mean = log_mel.mean(dim=2)
    statistics = [
        mean,
        ((log_mel - mean[:, :, None]).square().mean(dim=2) + 1e-6).sqrt(),
        log_mel.amax(dim=2),
        change.clamp(min=0).mean(dim=2) * 10,  # of the size of the others
        change.clamp(max=0).mean(dim=2) * 10,
    ]
    return torch.cat(statistics, dim=1)
