"""What a fused state learns by, whichever senses are there.

The latent of all senses, with what is done, tells what the senses will say a moment later
(`prediction`). The state of some of them is what they tell of the state of all (`completion`:
squared error, whose least is the conditional mean, so that whoever reads the state by a linear map
may go on reading when a sense is lost). Senses of one moment agree with each other and with no
other moment (`consistency`, cross-modal NT-Xent on the senses' tokens, so that the state need not
forget what only one sense knows). The latent varies and is not redundant (`variance`, `covariance`:
VICReg).
"""

from collections.abc import Collection, Mapping
from itertools import combinations
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.nn import functional

from nsca.data.batch import FusionBatch
from nsca.losses.cross_modal import cross_modal_nt_xent
from nsca.losses.vicreg import covariance, variance
from nsca.models.fusion import Fusion
from nsca.models.next_senses import NextSenses
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses

TERMS = frozenset({"prediction", "completion", "consistency", "variance", "covariance"})


def fused_terms(
    weighted: Collection[str],
    there: Bool[Tensor, "row sense"],
    belongs: Int[Tensor, " row"],
    later_there: Bool[Tensor, "row sense"] | None,
) -> frozenset[str]:
    """Return which of these terms there is data for: without time, or where every sense is missing
    a moment later, there is nothing to predict; without pairs, nothing to agree on.

    Args:
        weighted: terms.
        there, belongs, later_there: see FusionBatch.
    """
    terms = set(weighted)
    if later_there is None or not bool(later_there.any()):
        terms.discard("prediction")
    if not _pairs(there, belongs):
        terms.discard("consistency")
    return frozenset(terms)


def embed_fused(
    encoder: Fusion, next_senses: NextSenses, batch: FusionBatch, wanted: Collection[str]
) -> dict[str, Tensor]:
    """Return what `fused_losses` takes, row by row."""
    state, aligned, _ = encoder(batch.now, batch.there)
    latent = encoder.latent(state)
    found = {"latent": latent}
    if "completion" in wanted:
        found["state"] = state
        found["completed"] = encoder(batch.now, batch.kept)[0]
    if "consistency" in wanted:
        found["aligned"] = aligned
    if "prediction" in wanted and batch.action is not None:
        found["predicted"] = next_senses(latent, batch.action)
    return found


def fused_losses(
    embedded: Mapping[str, Tensor],
    batch: FusionBatch,
    senses: Senses,
    temperature: float,
    wanted: Collection[str],
) -> dict[str, Tensor]:
    """Return the wanted ones of TERMS.

    Args:
        embedded: see `embed_fused`.
        batch: what it was made from.
        senses: know the columns of a packed row.
        temperature: of NT-Xent.
        wanted: see `fused_terms`.
    """
    latent = embedded["latent"][None]
    found = {
        "prediction": lambda: _prediction(embedded["predicted"], batch, senses),
        "completion": lambda: functional.mse_loss(
            embedded["completed"], embedded["state"].detach()
        ),
        "consistency": lambda: _consistency(embedded["aligned"], batch, temperature),
        "variance": lambda: variance(latent),
        "covariance": lambda: covariance(latent),
    }
    return {name: found[name]() for name in sorted(wanted)}


def _prediction(predicted: Tensor, batch: FusionBatch, senses: Senses) -> Tensor:
    """Squared error of scaled features, mean over each sense where it is there, then over
    senses: a sense of many features counts no more than one of few.
    """
    if batch.later is None or batch.later_there is None:
        raise ValueError("a batch without time has nothing to predict")
    errors = senses.parts((predicted.float() - batch.later).square())
    found = []
    for place, error in enumerate(errors.values()):
        there = batch.later_there[:, place].float()
        if bool(there.any()):
            found.append((error.mean(dim=1) * there).sum() / there.sum())
    return torch.stack(found).mean()


def _pairs(there: Tensor, belongs: Tensor) -> list[tuple[int, int, Tensor]]:
    """Two senses and the samples that have both, where these belong to at least two things."""
    found = []
    for one, other in combinations(range(len(SENSES)), 2):
        both = there[:, one] & there[:, other]
        if len(belongs[both].unique()) > 1:
            found.append((one, other, both))
    return found


def _consistency(aligned: Tensor, batch: FusionBatch, temperature: float) -> Tensor:
    """Mean over the pairs of senses."""
    losses = [
        cross_modal_nt_xent(
            aligned[both, one], aligned[both, other], batch.belongs[both], temperature
        )
        for one, other, both in _pairs(batch.there, batch.belongs)
    ]
    return torch.stack(losses).mean()


@runtime_checkable
class FusesSenses(Protocol):
    """A phase that holds senses and their fusion."""

    senses: Senses
    encoder: Fusion
