"""Two views of a frame agree and differ from all others, features vary, neighbours are near.

NT-Xent (Chen et al. 2020), VICReg's terms (Bardes et al. 2022) and temporal consistency.
"""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor

from nsca.losses.nt_xent import nt_xent
from nsca.losses.temporal_consistency import temporal_consistency
from nsca.losses.vicreg import covariance, invariance, variance

TERMS = frozenset({"nt_xent", "invariance", "variance", "covariance", "temporal"})


def picture_losses(
    projected: Mapping[str, Tensor], temperature: float, wanted: Collection[str]
) -> dict[str, Tensor]:
    """Return the wanted ones of TERMS.

    Args:
        projected: rows [sample, feature] of the `first` and `second` view, and for `temporal` of
            the `neighbour`.
        temperature: of NT-Xent.
        wanted: terms.
    """
    views = torch.stack([projected["first"], projected["second"]])
    found = {
        "nt_xent": lambda: nt_xent(views, temperature),
        "invariance": lambda: invariance(views),
        "variance": lambda: variance(views),
        "covariance": lambda: covariance(views),
        "temporal": lambda: temporal_consistency(projected["first"], projected["neighbour"]),
    }
    return {name: found[name]() for name in sorted(wanted)}
