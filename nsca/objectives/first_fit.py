"""What is taken from the training part before anything learns by gradient: the scales of an
imagination, and what it foretells before any network speaks.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.data.moments import SPEEDS
from nsca.data.windows import WindowRows
from nsca.models.action_width import require_action_width
from nsca.objectives.imagination import Imagination

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
    require_action_width(rows.action.shape[1], model.dynamics.action.in_features)
    device = model.latent_change.device
    model.latents.fit(rows.latents().to(device))
    model.actions.fit(torch.from_numpy(rows.action).to(device))
    latent, physical = rows.changes()
    model.latent_change.copy_((latent.to(device) / model.latents.std).clamp(LEAST_CHANGE))
    model.physical_change.copy_(physical.maximum(_least(physical.shape[1])))
    if model.first is not None:
        batch = rows.spread().to(device)
        least = LEAST_CHANGE, _least(physical.shape[1]).to(device)
        latents = model.latents(batch.latent)
        model.first.fit(batch, latents, model.motion, model.physical_change, least)


def _least(quantities: int) -> Float[Tensor, " quantity"]:
    least = torch.full((quantities,), LEAST_WAY_M)
    for speeds in SPEEDS:
        least[speeds] = LEAST_CHANGE
    return least
