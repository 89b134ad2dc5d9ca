"""How much the prior counts: w = floor + (1 - floor) · sigmoid(a), never above 1 (DECISIONS 4)."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nsca.errors import UserError
from nsca.priors.none import NoPrior
from nsca.priors.prior import Prior

LEARNING_RATE = 3e-2
"""Of a learnable weight, with Adam, in every experiment, whatever everything else learns with. With
1e-3 and 1,000 steps a weight that ought to reach its floor still stands at 0.8."""

DEFAULT_FLOOR = 0.3
"""Below this a learnable weight does not fall, unless an experiment says so."""


class PriorWeight(nn.Module):
    """A scalar in [floor, 1], fixed or learnable.

    Args:
        start: where it starts; a fixed weight is exactly this for ever.
        floor: the least it may become.
        learnable: trained (with `LEARNING_RATE`), or held where it starts.

    Raises:
        ValueError: a start outside [floor, 1] or a floor outside [0, 1); a learnable start at
            either end, where the sigmoid has no finite argument and no gradient.
    """

    argument: Tensor
    fixed: Tensor

    def __init__(self, start: float, floor: float, learnable: bool) -> None:
        super().__init__()
        if not 0 <= floor < 1:
            raise ValueError(f"the floor of the prior's weight is {floor}, not in [0, 1)")
        if not floor <= start <= 1:
            raise ValueError(f"the prior's weight starts at {start}, not in [{floor}, 1]")
        if learnable and start in (floor, 1):
            raise ValueError(f"a learnable weight starts between {floor} and 1, not at {start}")
        self.floor = floor
        self.learnable = learnable
        if learnable:
            share = (start - floor) / (1 - floor)
            self.argument = nn.Parameter(torch.tensor(math.log(share / (1 - share))))
        else:
            self.register_buffer("fixed", torch.tensor(start))

    def forward(self) -> Float[Tensor, ""]:
        if not self.learnable:
            return self.fixed
        # Rounding may lift the sum above 1 by the last bit, and then the correction would change
        # its sign.
        return (self.floor + (1 - self.floor) * torch.sigmoid(self.argument)).clamp(max=1.0)

    def rate_groups(self) -> list[dict[str, Any]]:
        """For an optimiser: a learnable weight at its own rate, and without decay, which would pull
        it towards the middle of its range; nothing where it is held.
        """
        if not self.learnable:
            return []
        return [{"params": [self.argument], "lr": LEARNING_RATE, "weight_decay": 0.0}]


def check_weight(prior: Prior, weight: PriorWeight) -> None:
    """Raises UserError where there is no prior and its weight is above 0: that would only scale
    down the learned correction.
    """
    counts = float(weight().detach())
    if isinstance(prior, NoPrior) and counts > 0:
        raise UserError(
            f"prior=none weighs {counts:.2g}: what is learned would count {1 - counts:.2g}",
            "prior_weight=none",
        )
