"""What is taken from the training part before anything learns by gradient: the scales of an
imagination, and its linear map.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import SPEEDS, THING
from nsca.data.windows import WindowRows
from nsca.objectives.imagination import Imagination
from nsca.objectives.linear_future import LinearFuture
from nsca.objectives.prior_path import prior_path

LEAST_CHANGE = 1e-2
"""Of the latent's unit, and metres a second: a quantity that hardly changes is not blown up."""
LEAST_WAY_M = 1e-3


@torch.no_grad()
def fit(model: Imagination, rows: WindowRows) -> None:
    """Take everything from windows of the training part, whose latents are known.

    Raises:
        UserError: see `Imagination.check_moments`.
    """
    model.check_moments(rows.moments)
    device = model.latent_change.device
    model.latents.fit(rows.latents().to(device))
    model.actions.fit(torch.from_numpy(rows.action).to(device))
    latent, physical = rows.changes()
    model.latent_change.copy_((latent.to(device) / model.latents.std).clamp(LEAST_CHANGE))
    model.physical_change.copy_(physical.maximum(_least(physical.shape[1])))
    if model.linear is not None:
        _fit_linear(model, model.linear, rows.spread().to(device))


def _fit_linear(model: Imagination, linear: LinearFuture, batch: DynamicsBatch) -> None:
    """First to hand and latent: the prior foretells the thing with that hand. What is left to
    networks at each step is their unit.
    """
    linear.fit_rest(batch, model.latents(batch.latent), model.physical_change)
    _, hand = linear.of_rest(batch, model.physical_change)
    alone = prior_path(model.motion, batch, hand) if linear.told else None
    linear.fit_thing(batch, model.motion.weight(), model.physical_change, alone)
    begun, past = model.begun(batch), model.past
    latent = torch.diff(model.latents(batch.latent)[:, past - 1 :], dim=1) - begun.latent
    hand = torch.diff(batch.physical[:, past - 1 :, THING:], dim=1) - begun.hand
    thing = batch.physical[:, past:, :THING] - begun.thing
    model.latent_left.copy_(latent.square().mean(dim=(0, 1)).sqrt().clamp(LEAST_CHANGE))
    least = _least(batch.physical.shape[2]).to(latent.device)
    model.hand_left.copy_(hand.square().mean(dim=(0, 1)).sqrt().maximum(least[THING:]))
    model.thing_left.copy_(thing.square().mean(dim=0).sqrt().maximum(least[:THING]))


def _least(quantities: int) -> Float[Tensor, " quantity"]:
    least = torch.full((quantities,), LEAST_WAY_M)
    for speeds in SPEEDS:
        least[speeds] = LEAST_CHANGE
    return least
