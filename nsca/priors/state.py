"""What a prior sees: positions and velocities in metres and seconds, decoded or given.

Axes are the world's: z points up. Every leading dimension is a batch dimension (samples, objects,
ensemble members); the object's position has all of them, other fields may lack some (they
broadcast).
"""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Hand:
    """A gripper, as far as a prior needs it.

    Attributes:
        position_m: of the point that the world reports for it.
        velocity_m_s: of that point.
        closing: the gripper is closing or closed.
        grip_offset_m: from that point to the centre of an object that it holds.
        contact_radius_m: within this distance from the grip (position plus offset) the centre of
            an object is touched; about half the hand's opening.
    """

    position_m: Float[Tensor, "*#batch 3"]
    velocity_m_s: Float[Tensor, "*#batch 3"]
    closing: Bool[Tensor, "*#batch"]
    grip_offset_m: Float[Tensor, "*#batch 3"]
    contact_radius_m: Float[Tensor, "*#batch"]


@dataclass(frozen=True)
class PhysicalState:
    """An object, and what it may rest on or be touched by, where that is known.

    Attributes:
        position_m: of the object's centre.
        velocity_m_s: of it.
        rest_height_m: height of its centre when it rests on the level support below it; None where
            there is no support.
        hand: None where there is none.
    """

    position_m: Float[Tensor, "*#batch 3"]
    velocity_m_s: Float[Tensor, "*#batch 3"]
    rest_height_m: Float[Tensor, "*#batch"] | None = None
    hand: Hand | None = None
