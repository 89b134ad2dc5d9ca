"""No prior: what moves goes on as it moves, and everything else is learned."""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.priors.prior import Prior
from nsca.priors.state import PhysicalState


class NoPrior(Prior):
    """Zero acceleration."""

    def acceleration(self, state: PhysicalState) -> Float[Tensor, "*batch 3"]:
        return torch.zeros_like(state.position_m)
