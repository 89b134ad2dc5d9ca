"""Gravity, support, contact and inertia of one rigid object without rotation.

An object is in one of three conditions, and inertia carries it through each:

- *free*: it falls;
- *supported*: at its rest height the support carries it, stops it without a bounce, and Coulomb
  friction slows what slides; a hand that moves into it pushes it and never pulls;
- *held*: in the grip of a closing hand it is pulled to the centre of the grip by a critically
  damped spring, and the grip carries its weight. That makes the prior contractive: whatever error
  an imagined state has, it shrinks while the object is held.

Assumptions: the support is level, at rest and everywhere; friction does not depend on speed; the
hand is far heavier than the object and its acceleration is unknown; a closing hand holds whatever
it touches; an open hand touches with the sides of its fingers, so that it pushes level and can come
down over an object without moving it. No constant belongs to a task.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from nsca.priors.prior import Prior
from nsca.priors.state import Hand, PhysicalState

# Springs and dampers of all contacts, critically damped: an error falls to 1/e in about 80 ms (two
# time constants of 1/25 s). Stiffer would be more like steel, but the explicit integration of
# motion.py is stable below a step of 1/rate = 40 ms only, and control steps are 10 to 25 ms.
CONTACT_RATE_PER_S = 25.0
# Dry solids on wood or plastic have 0.2 to 0.6 (engineering tables); no world's own value was used.
FRICTION = 0.4
# Below this friction grows with speed instead of changing its sign at once: at a control step of
# 12.5 ms friction takes 0.05 m/s away, and more would turn the motion around.
STICTION_SPEED_M_S = 0.05
# Thickness of the layer in which the support carries; an object's rest height is known to about it.
SUPPORT_LAYER_M = 1e-3


class Physics(Prior):
    """See the module.

    Args:
        gravity_m_s2: positive downwards.
    """

    def __init__(self, gravity_m_s2: float) -> None:
        super().__init__()
        self.gravity_m_s2 = gravity_m_s2

    def acceleration(self, state: PhysicalState) -> Float[Tensor, "*batch 3"]:
        down = state.position_m.new_tensor([0.0, 0.0, -self.gravity_m_s2])
        carried = torch.zeros_like(state.position_m) + down
        friction = torch.zeros_like(state.position_m)
        if state.rest_height_m is not None:
            normal, friction = _support(state, state.rest_height_m, self.gravity_m_s2)
            carried = carried + normal
        if state.hand is None:
            return carried + friction
        pushed = carried + _push(state, state.hand, friction)
        return torch.where(is_held(state)[..., None], _grip(state, state.hand), pushed)


def is_held(state: PhysicalState) -> Bool[Tensor, "*batch"]:
    """Whether a closing hand touches the object."""
    if state.hand is None:
        return torch.zeros_like(state.position_m[..., 0], dtype=torch.bool)
    return state.hand.closing & _touched(state, state.hand)


def _from_grip(state: PhysicalState, hand: Hand) -> Float[Tensor, "*batch 3"]:
    return state.position_m - (hand.position_m + hand.grip_offset_m)


def _touched(state: PhysicalState, hand: Hand) -> Bool[Tensor, "*batch"]:
    return _from_grip(state, hand).norm(dim=-1) < hand.contact_radius_m


def _grip(state: PhysicalState, hand: Hand) -> Float[Tensor, "*batch 3"]:
    """A critically damped spring to the grip, relative to the moving hand; replaces the weight."""
    relative_velocity = state.velocity_m_s - hand.velocity_m_s
    spring = -(CONTACT_RATE_PER_S**2) * _from_grip(state, hand)
    return spring - 2 * CONTACT_RATE_PER_S * relative_velocity


def _push(
    state: PhysicalState, hand: Hand, friction: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3"]:
    """Level, away from the grip, as long as the hand comes nearer; else friction alone.

    The hand is far heavier: friction does not slow what it pushes.
    """
    level = _from_grip(state, hand) * state.position_m.new_tensor([1.0, 1.0, 0.0])
    # an object in the very middle has no side to be pushed to
    away = level / level.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    nearing = ((hand.velocity_m_s - state.velocity_m_s) * away).sum(-1, keepdim=True)
    against = (friction * away).sum(-1, keepdim=True).clamp(max=0.0)
    pushed = (2 * CONTACT_RATE_PER_S * nearing - against) * away
    in_the_way = _touched(state, hand)[..., None] & (nearing >= 0)
    return friction + torch.where(in_the_way, pushed, 0.0)


def _support(
    state: PhysicalState, rest_height_m: Float[Tensor, "*#batch"], gravity_m_s2: float
) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]]:
    """Normal and friction acceleration; the support pushes and never pulls."""
    depth = rest_height_m - state.position_m[..., 2]
    spring = CONTACT_RATE_PER_S**2 * depth
    damper = -2 * CONTACT_RATE_PER_S * state.velocity_m_s[..., 2]
    normal = (gravity_m_s2 + spring + damper).clamp(min=0.0)
    normal = torch.where(depth > -SUPPORT_LAYER_M, normal, 0.0)[..., None]
    level = state.velocity_m_s * state.position_m.new_tensor([1.0, 1.0, 0.0])
    speed = level.norm(dim=-1, keepdim=True).clamp(min=STICTION_SPEED_M_S)
    up = state.position_m.new_tensor([0.0, 0.0, 1.0])
    return normal * up, -FRICTION * normal * level / speed
