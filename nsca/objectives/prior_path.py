"""How a thing moves by a prior, alone or blended with what is learned, and with a hand where there
is one.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import THING
from nsca.objectives.bodies import seen_at_rest, seen_by_prior
from nsca.priors.blended_motion import BlendedMotion, Motion

FIRST_REST_HEIGHT_M = 0.02  # of what stands on a table, before anything is learned


def moved(
    motion: BlendedMotion,
    physical: Float[Tensor, "m row quantity"],
    later: Float[Tensor, "m row hand"],
    correction: Float[Tensor, "m row 6"] | None,
    action: Float[Tensor, "row number"],
    rest_height_m: Float[Tensor, " row"],
) -> Motion:
    """Return where the thing is after a step, which the hand takes to where it is later.

    Args:
        motion: prior and weight.
        physical: now.
        later: the rest of the physical state after the step; nothing where there is no hand.
        correction: see `BlendedMotion`; None for what the prior alone says.
        action: what is done in the step.
        rest_height_m: of the thing, see `rest_height_m`.
    """
    shape = physical.shape[:2]
    state = seen_by_prior(physical, rest_height_m.expand(shape), _told_m(action).expand(shape))
    return motion(state, later[..., :3] if later.shape[-1] else None, correction)


def rest_height_m(
    batch: DynamicsBatch, past: int, guess: Float[Tensor, " row"] | None = None
) -> Float[Tensor, " row"]:
    """Return the height of each thing on what carries it: as it was seen to lie in so many moments
    past, or else a guess, as a share of FIRST_REST_HEIGHT_M.
    """
    lay_m, known = seen_at_rest(batch.physical[:, :past], _told_m(batch.action[:, :past]))
    return torch.where(known, lay_m, FIRST_REST_HEIGHT_M * (1.0 if guess is None else guess))


@torch.no_grad()
def prior_path(
    motion: BlendedMotion, batch: DynamicsBatch, hand: Float[Tensor, "row ahead hand"]
) -> Float[Tensor, "row ahead 6"]:
    """Return the thing's way as the prior alone foretells it from the last moment seen: places (m)
    and velocities (m/s).

    Args:
        motion: prior; its weight does not count.
        batch: windows.
        hand: by how much each step ahead moves the rest of the physical state.
    """
    ahead = hand.shape[1]
    past = batch.action.shape[1] - ahead
    height_m = rest_height_m(batch, past)
    rows, way = batch.physical[None, :, past - 1], []
    for step in range(ahead):
        later = rows[..., THING:] + hand[:, step]
        after = moved(motion, rows, later, None, batch.action[:, past - 1 + step], height_m).after
        rows = torch.cat([after, later], dim=-1)
        way.append(after[0])
    return torch.stack(way, dim=1)


def _told_m(action: Float[Tensor, "*batch number"]) -> Float[Tensor, "*batch"]:
    """How far a finger is told to be from the middle of the hand; of a car it means nothing."""
    return action[..., -2:].mean(dim=-1)
