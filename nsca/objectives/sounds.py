"""Two views of a sound agree and differ from all others, features vary and keep the spectrogram.

NT-Xent (Chen et al. 2020), VICReg's variance and covariance (Bardes et al. 2022), and the error of
a small decoder: the figure to watch, since it says what the features have lost, in the units of the
log-mel.
"""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from nsca.losses.nt_xent import nt_xent
from nsca.losses.vicreg import covariance, variance

TERMS = frozenset({"nt_xent", "variance", "covariance", "reconstruction"})


def sound_losses(
    embedded: Mapping[str, Tensor], clean: Tensor, temperature: float, wanted: Collection[str]
) -> dict[str, Tensor]:
    """Return the wanted ones of TERMS.

    Args:
        embedded: rows [sample, feature] of the `first` and `second` view, and what the decoder
            tells from each: `decoded` and `also_decoded`.
        clean: what it should tell: the coarse spectrogram of the sound itself.
        temperature: of NT-Xent.
        wanted: terms.
    """
    views = torch.stack([embedded["first"], embedded["second"]])
    decoded = torch.stack([embedded["decoded"], embedded["also_decoded"]])
    found = {
        "nt_xent": lambda: nt_xent(views, temperature),
        "variance": lambda: variance(views),
        "covariance": lambda: covariance(views),
        "reconstruction": lambda: functional.mse_loss(decoded, clean.expand_as(decoded)),
    }
    return {name: found[name]() for name in sorted(wanted)}
