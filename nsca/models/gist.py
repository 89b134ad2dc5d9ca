"""The gist of a picture: what its channels hold on the whole, wherever it is.

Mean, root mean square and maximum over all places are a texture's first statistics (Portilla and
Simoncelli 2000) and the coarsest spatial envelope (Oliva and Torralba 2001). Nothing here is
learned: on the innate stem's channels a linear probe reads material, shape and size of small
objects from them before any training, which a few hundred steps of a contrastive loss alone did not
teach (`experiments/innate_stem`).
"""

import torch
from jaxtyping import Float
from torch import Tensor

STATISTICS = 3
TYPICAL_PEAK = 3.0
"""Adapted channels peak at about three spreads: the maximum is brought to the others' size."""
GAIN = 3.0
"""Means of adapted channels are small: so scaled, a fresh linear map of them is about as large as
the learned readout."""


def gist(
    channels: Float[Tensor, "sample channel height width"],
) -> Float[Tensor, "sample statistic"]:
    """Return `STATISTICS` numbers a channel: all means, then all root mean squares, then maxima."""
    mean = channels.mean(dim=(2, 3))
    rms = (channels.square().mean(dim=(2, 3)) + 1e-6).sqrt()
    peak = channels.amax(dim=(2, 3)) / TYPICAL_PEAK
    return GAIN * torch.cat([mean, rms, peak], dim=1)
