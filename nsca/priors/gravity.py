"""Everything falls, wherever it is and whatever holds it."""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.priors.prior import Prior
from nsca.priors.state import PhysicalState


class Gravity(Prior):
    """A constant acceleration downwards.

    Args:
        gravity_m_s2: positive downwards; 0 and negative values are allowed.
    """

    def __init__(self, gravity_m_s2: float) -> None:
        super().__init__()
        self.gravity_m_s2 = gravity_m_s2

    def acceleration(self, state: PhysicalState) -> Float[Tensor, "*batch 3"]:
        down = state.position_m.new_tensor([0.0, 0.0, -self.gravity_m_s2])
        return torch.zeros_like(state.position_m) + down
