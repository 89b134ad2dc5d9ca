"""What was imagined of windows, and the losses of it.

Means learn by squared error over every horizon, in units of what repeating the last state gets
wrong there, so 1 is as bad as that. Each member also learns how far off it is (`calibration`), from
detached errors.
"""

from collections.abc import Collection
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.losses.contribution_penalty import contribution_penalty
from nsca.losses.gaussian import variance_likelihood

TERMS = frozenset({"latent", "physical", "calibration", "contribution"})


class Imagined(NamedTuple):
    """What each member sees coming, one row a sample.

    Attributes:
        latent, physical: at each step ahead; physical in SI units.
        latent_log_variance, physical_log_variance: of their errors, in units of
            `Imagination.latent_change` and `physical_change`.
        contribution: of what is learned, network and map together, to each step, in units of what
            gravity does in it.
    """

    latent: Float[Tensor, "row m ahead latent"]
    physical: Float[Tensor, "row m ahead quantity"]
    latent_log_variance: Float[Tensor, "row m ahead latent"]
    physical_log_variance: Float[Tensor, "row m ahead quantity"]
    contribution: Float[Tensor, "row m ahead 6"]


def imagined_losses(
    imagined: Imagined,
    latent_error: Float[Tensor, "row m ahead latent"],
    physical_error: Float[Tensor, "row m ahead quantity"],
    wanted: Collection[str],
) -> dict[str, Tensor]:
    """Return the wanted ones of TERMS, each the mean over rows, members and horizons.

    Args:
        imagined: what was imagined.
        latent_error, physical_error: in units of what repeating the last state gets wrong.
        wanted: names of TERMS.
    """
    doubted = {
        "latent": (latent_error, imagined.latent_log_variance),
        "physical": (physical_error, imagined.physical_log_variance),
    }
    found = {
        "latent": lambda: latent_error.square().mean(),
        "physical": lambda: physical_error.square().mean(),
        "calibration": lambda: _calibration(doubted, wanted),
        "contribution": lambda: contribution_penalty(imagined.contribution, 1.0),
    }
    return {name: found[name]() for name in sorted(wanted)}


def _calibration(doubted: dict[str, tuple[Tensor, Tensor]], wanted: Collection[str]) -> Tensor:
    """Of what is learned: doubt about a latent that nothing learns to foretell is noise."""
    judged = [name for name in doubted if name in wanted] or list(doubted)
    return torch.stack([variance_likelihood(*doubted[name]) for name in judged]).mean()
