"""What is taken from the training part before anything learns by gradient: the scales of an
imagination, and its linear map.
"""

import torch

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import SPEEDS, THING
from nsca.data.windows import WindowRows
from nsca.objectives.imagination import Imagination
from nsca.objectives.linear_future import LinearFuture

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
    least = torch.full((physical.shape[1],), LEAST_WAY_M)
    for speeds in SPEEDS:
        least[speeds] = LEAST_CHANGE
    model.physical_change.copy_(physical.maximum(least))
    if model.linear is not None:
        _fit_linear(model, model.linear, rows.spread().to(device))


def _fit_linear(model: Imagination, linear: LinearFuture, batch: DynamicsBatch) -> None:
    """First to hand and latent: with those, the prior foretells the thing."""
    linear.fit_rest(batch, model.latents(batch.latent), model.physical_change)
    foretold = model(batch).physical.mean(dim=1)[..., :THING]
    linear.fit_thing(batch, foretold, model.motion.weight(), model.physical_change)
