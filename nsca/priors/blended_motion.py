"""A prior and a learned correction as one prediction of what a whole time step does.

Beyond inertia (x + v dt, v), which nobody needs to learn, a step changes place and velocity by

    w · what the prior's accelerations do, integrated in substeps + (1 - w) · correction.

Both parts are increments over the step, so that a correction can say what no constant acceleration
can: a blow in the middle of the step, or a stop. Otherwise as in blend.py.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nsca.priors.motion import advance
from nsca.priors.prior import STANDARD_GRAVITY_M_S2, Prior
from nsca.priors.state import Hand, PhysicalState
from nsca.priors.weight import PriorWeight, check_weight


class Motion(NamedTuple):
    """After one step.

    Attributes:
        position_m, velocity_m_s: predicted.
        contribution: (1 - w) · correction, in units of what gravity does in a step.
    """

    position_m: Float[Tensor, "*batch 3"]
    velocity_m_s: Float[Tensor, "*batch 3"]
    contribution: Float[Tensor, "*batch 6"]

    @property
    def after(self) -> Float[Tensor, "*batch 6"]:
        """Place and velocity in one row."""
        return torch.cat([self.position_m, self.velocity_m_s], dim=-1)


class BlendedMotion(nn.Module):
    """Prior and weight over one step of time.

    Args:
        prior: what was known beforehand.
        weight: of the prior.
        dt_s: of a step.
        substeps: in which the prior is integrated; the physics prior is stable below 40 ms.

    Raises:
        ValueError: steps that are none.
        UserError: see `check_weight`.
    """

    def __init__(self, prior: Prior, weight: PriorWeight, dt_s: float, substeps: int) -> None:
        super().__init__()
        check_weight(prior, weight)
        if dt_s <= 0 or substeps < 1:
            raise ValueError(f"a step of {dt_s} s in {substeps} parts")
        self.prior = prior
        self.weight = weight
        self.dt_s = dt_s
        self.substeps = substeps

    def forward(
        self,
        state: PhysicalState,
        hand_later_m: Float[Tensor, "*batch 3"] | None,
        correction: Float[Tensor, "*batch 6"] | None,
    ) -> Motion:
        """Predict a step.

        Args:
            state: now.
            hand_later_m: where the hand will be after the step; it gets there at one speed. None
                where the state has no hand.
            correction: of place, then of velocity, in units of what gravity does in a step; None
                for what the prior alone says.
        """
        fallen_m, fallen_m_s = self._by_prior(state, hand_later_m)
        if correction is None:
            nothing = torch.zeros_like(torch.cat([fallen_m, fallen_m_s], dim=-1))
            return Motion(fallen_m, fallen_m_s, nothing)
        weight = self.weight()
        contribution = (1 - weight) * correction
        place, speed = (contribution * self.units(correction)).split(3, dim=-1)
        drifted_m = state.position_m + state.velocity_m_s * self.dt_s
        return Motion(
            drifted_m + weight * (fallen_m - drifted_m) + place,
            state.velocity_m_s + weight * (fallen_m_s - state.velocity_m_s) + speed,
            contribution,
        )

    def units(self, like: Tensor) -> Float[Tensor, "6"]:
        """What standard gravity does in a step: 3 times to a place, 3 times to a velocity."""
        fall_m = 0.5 * STANDARD_GRAVITY_M_S2 * self.dt_s**2
        return like.new_tensor([fall_m] * 3 + [STANDARD_GRAVITY_M_S2 * self.dt_s] * 3)

    def _by_prior(
        self, state: PhysicalState, hand_later_m: Tensor | None
    ) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]]:
        position, velocity, dt_s = state.position_m, state.velocity_m_s, self.dt_s / self.substeps
        for substep in range(self.substeps):
            hand = state.hand
            if hand is not None and hand_later_m is not None:
                way = hand_later_m - hand.position_m
                share = substep / self.substeps
                hand = Hand(
                    hand.position_m + share * way,
                    way / self.dt_s,
                    hand.closing,
                    hand.grip_offset_m,
                    hand.contact_radius_m,
                )
            now = PhysicalState(position, velocity, state.rest_height_m, hand)
            position, velocity = advance(position, velocity, self.prior.acceleration(now), dt_s)
        return position, velocity
