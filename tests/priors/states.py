"""States to ask priors about."""

import torch
from torch import Tensor

from nsca.priors.motion import advance
from nsca.priors.prior import Prior
from nsca.priors.state import Hand, PhysicalState

DT_S = 0.0125
GRIP_OFFSET_M = (0.0, 0.0, -0.037)


def vectors(*rows: tuple[float, float, float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)


def hand(
    position: Tensor, velocity: Tensor | None = None, closing: bool = False, radius_m: float = 0.03
) -> Hand:
    count = len(position)
    return Hand(
        position,
        torch.zeros_like(position) if velocity is None else velocity,
        torch.full((count,), closing),
        vectors(GRIP_OFFSET_M).expand(count, 3),
        torch.full((count,), radius_m),
    )


def resting(position: Tensor, velocity: Tensor | None = None) -> PhysicalState:
    """Objects on a support at height 0.02 m."""
    speed = torch.zeros_like(position) if velocity is None else velocity
    return PhysicalState(position, speed, torch.full((len(position),), 0.02))


def roll(prior: Prior, state: PhysicalState, steps: int, hand_moves: bool = False) -> PhysicalState:
    """The prior alone for some steps; the hand stands, or moves on at its velocity."""
    for _ in range(steps):
        a = prior.acceleration(state)
        position, velocity = advance(state.position_m, state.velocity_m_s, a, DT_S)
        its = state.hand
        if its is not None and hand_moves:
            moved = its.position_m + its.velocity_m_s * DT_S
            its = Hand(
                moved, its.velocity_m_s, its.closing, its.grip_offset_m, its.contact_radius_m
            )
        state = PhysicalState(position, velocity, state.rest_height_m, its)
    return state
