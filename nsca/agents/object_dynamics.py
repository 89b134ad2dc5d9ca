"""How two objects move, given a hand: a physics prior blended with an ensemble of corrections."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nsca.models.ensemble_mlp import EnsembleMLP
from nsca.priors.blend import BlendedAcceleration
from nsca.priors.motion import advance
from nsca.priors.prior import STANDARD_GRAVITY_M_S2, Prior
from nsca.priors.state import Hand, PhysicalState
from nsca.priors.weight import PriorWeight
from nsca.worlds.metaworld.observation import STEP_S

NEAR_M, FAR_M = 0.02, 0.1  # the two scales at which distances are felt
SPEED_M_S = 0.5
FEATURES = 24


@dataclass(frozen=True)
class Things:
    """The two objects of each scene: where they rest, and how they are touched (`SceneFacts`)."""

    rest_m: Float[Tensor, "*b 2 3"]
    by_object: Bool[Tensor, "*b 2"]
    offset_m: Float[Tensor, "*b 2 3"]
    radius_m: Float[Tensor, "*b 2"]


class ObjectDynamics(nn.Module):
    """Accelerations of both objects, from the prior and M corrections.

    Args:
        prior: over `PhysicalState`.
        weight: of the prior.
        members: M, of the ensemble.
        width: hidden units of each.
    """

    def __init__(self, prior: Prior, weight: PriorWeight, members: int, width: int) -> None:
        super().__init__()
        correction = _Scaled(EnsembleMLP(members, FEATURES, width, 3))
        self.blend = BlendedAcceleration(prior, weight, correction)
        self.members = members

    def forward(
        self,
        place_m: Float[Tensor, "m b 2 3"],
        speed_m_s: Float[Tensor, "m b 2 3"],
        hand_m: Float[Tensor, "*m b 3"],
        hand_speed_m_s: Float[Tensor, "*m b 3"],
        opening: Float[Tensor, "*m b"],
        closing: Bool[Tensor, "*m b"],
        things: Things,
    ) -> tuple[Float[Tensor, "m b 2 3"], Float[Tensor, "m b 2 3"], Float[Tensor, "m b 2 3"]]:
        """Places and speeds a step later, and what the correction contributed (m/s²)."""
        by_object = things.by_object[..., None]
        carrier_m = torch.where(by_object, place_m.flip(-2), hand_m[..., None, :])
        carrier_speed = torch.where(by_object, speed_m_s.flip(-2), hand_speed_m_s[..., None, :])
        carries = closing[..., None] | things.by_object
        state = PhysicalState(
            position_m=place_m,
            velocity_m_s=speed_m_s,
            rest_height_m=things.rest_m[..., 2].expand(place_m.shape[:-1]),
            hand=Hand(
                position_m=carrier_m,
                velocity_m_s=carrier_speed,
                closing=carries.expand(place_m.shape[:-1]),
                grip_offset_m=things.offset_m.expand(place_m.shape),
                contact_radius_m=things.radius_m.expand(place_m.shape[:-1]),
            ),
        )
        apart = carrier_m + things.offset_m - place_m
        from_hand = hand_m[..., None, :] - place_m
        moved = place_m - things.rest_m
        index = torch.eye(2, dtype=place_m.dtype, device=place_m.device).expand(
            *place_m.shape[:-1], 2
        )
        flags = torch.stack([opening, closing.to(opening.dtype)], dim=-1)[..., None, :]
        features = torch.cat(
            [
                torch.tanh(apart / NEAR_M),
                torch.tanh(apart / FAR_M),
                torch.tanh(from_hand / FAR_M),
                torch.tanh(moved / FAR_M),
                torch.tanh(moved[..., 2:] / NEAR_M),
                speed_m_s / SPEED_M_S,
                (carrier_speed - speed_m_s) / SPEED_M_S,
                flags.expand(*place_m.shape[:-1], 2),
                index,
                torch.ones_like(moved[..., :1]),
            ],
            dim=-1,
        )
        blended = self.blend(state, features)
        place, speed = advance(place_m, speed_m_s, blended.acceleration, STEP_S)
        return place, speed, blended.contribution


class _Scaled(nn.Module):
    """A correction in units of gravity."""

    def __init__(self, networks: EnsembleMLP) -> None:
        super().__init__()
        self.networks = networks

    def forward(self, features: Float[Tensor, "m *batch f"]) -> Float[Tensor, "m *batch 3"]:
        return STANDARD_GRAVITY_M_S2 * self.networks(features)
