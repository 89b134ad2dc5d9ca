"""A row of physical state as a thing and a hand: what a prior sees of it, what a network feels.

A row holds the thing's place (m) and velocity (m/s), and then, where there is a hand, the hand's,
and how far a finger is from its middle (m): see `PHYSICAL` of nsca.data.babbling_moments.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nsca.data.moments import THING, WITH_HAND
from nsca.priors.state import Hand, PhysicalState

NEAR_M, FAR_M = 0.02, 0.1  # the two scales at which distances are felt
SPEED_M_S = 0.5
STILL_M_S = 0.02
PRESSED_M = 0.004  # fingers told to be this much closer than they are press with 2 N
CONTACT_RADIUS_M = 0.045
"""From the middle of the hand to that of a thing that closed fingers touch: in random babbling half
of all touches by closed fingers are nearer than 4.5 cm, and all grips are nearer than 2 cm."""


def felt_numbers(width: int) -> int:
    """How many numbers `felt` makes of a row of `width`. Raises ValueError for no such row."""
    if width not in (THING, WITH_HAND):
        raise ValueError(f"a physical state has {THING} or {WITH_HAND} numbers, not {width}")
    return 7 if width == THING else 24


def felt(physical: Float[Tensor, "*batch quantity"]) -> Float[Tensor, "*batch felt"]:
    """Return what tells the state to a network: about -1..1, fine where things touch."""
    place, speed = physical[..., :3], physical[..., 3:6]
    parts = [place / FAR_M, speed / SPEED_M_S, torch.tanh(place[..., 2:] / NEAR_M)]
    if physical.shape[-1] == WITH_HAND:
        apart = physical[..., 6:9] - place
        parts += [
            torch.tanh(apart / NEAR_M),
            torch.tanh(apart / FAR_M),
            physical[..., 6:9] / FAR_M,
            physical[..., 9:12] / SPEED_M_S,
            (physical[..., 9:12] - speed) / SPEED_M_S,
            physical[..., 12:] / NEAR_M,
            torch.exp(-(apart.norm(dim=-1, keepdim=True) / NEAR_M)),
        ]
    return torch.cat(parts, dim=-1)


def seen_by_prior(
    physical: Float[Tensor, "*batch quantity"],
    rest_height_m: Float[Tensor, "*batch"],
    told_m: Float[Tensor, "*batch"],
) -> PhysicalState:
    """Return the state as priors take it. A thing in the grip stays where it is in the hand.

    Args:
        physical: rows.
        rest_height_m: of the thing on what carries it.
        told_m: how far a finger is told to be from the middle of the hand.
    """
    place, speed = physical[..., :3], physical[..., 3:6]
    if physical.shape[-1] == THING:
        return PhysicalState(place, speed, rest_height_m)
    hand_m = physical[..., 6:9]
    held = gripped(physical, told_m)
    hand = Hand(
        position_m=hand_m,
        velocity_m_s=physical[..., 9:12],
        closing=held,
        grip_offset_m=torch.where(held[..., None], place - hand_m, 0.0),
        contact_radius_m=torch.full_like(rest_height_m, CONTACT_RADIUS_M),
    )
    return PhysicalState(place, speed, rest_height_m, hand)


def gripped(
    physical: Float[Tensor, "*batch quantity"], told_m: Float[Tensor, "*batch"]
) -> Bool[Tensor, "*batch"]:
    """Whether fingers with a thing between them are not where they are told to be."""
    near = (physical[..., :3] - physical[..., 6:9]).norm(dim=-1) < CONTACT_RADIUS_M
    return near & (physical[..., 12] - told_m > PRESSED_M)


def seen_at_rest(
    physical: Float[Tensor, "row moment quantity"], told_m: Float[Tensor, "row moment"]
) -> tuple[Float[Tensor, " row"], Bool[Tensor, " row"]]:
    """Return the height at which each thing lay when it was last seen at rest out of the grip, and
    whether it was; else the height means nothing.
    """
    still = physical[..., 3:6].norm(dim=-1) < STILL_M_S
    if physical.shape[-1] == WITH_HAND:
        still = still & ~gripped(physical, told_m)
    # the last one that is: moments count upwards, and one that is not counts 0
    order = torch.arange(1, still.shape[1] + 1, device=still.device)
    last = (still * order).argmax(dim=1)
    return physical[..., 2].gather(1, last[:, None])[:, 0], still.any(dim=1)
