"""A prior and a learned correction as one prediction of accelerations.

acceleration = w · prior + (1 - w) · correction, in physical coordinates. Whoever trains it adds
`contribution_penalty` of what the correction contributes, else w is not identifiable.
"""

from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor, nn

from nsca.priors.prior import Prior
from nsca.priors.state import PhysicalState
from nsca.priors.weight import PriorWeight, check_weight


class Blended(NamedTuple):
    """Accelerations in m/s², both of the shape of the object's position.

    Attributes:
        acceleration: predicted.
        contribution: the part of it that is (1 - w) · correction.
    """

    acceleration: Float[Tensor, "*batch 3"]
    contribution: Float[Tensor, "*batch 3"]


class BlendedAcceleration(nn.Module):
    """Prior, weight and correction.

    Args:
        prior: what was known beforehand.
        weight: of the prior.
        correction: a module from features (any that the caller makes) to accelerations in m/s²;
            it is never told w.

    Raises:
        UserError: see `check_weight`.
    """

    def __init__(self, prior: Prior, weight: PriorWeight, correction: nn.Module) -> None:
        super().__init__()
        check_weight(prior, weight)
        self.prior = prior
        self.weight = weight
        self.correction = correction

    def forward(self, state: PhysicalState, features: Float[Tensor, "*batch feature"]) -> Blended:
        """Predict the acceleration of the object of each sample."""
        weight = self.weight()
        contribution = (1 - weight) * self.correction(features)
        return Blended(weight * self.prior.acceleration(state) + contribution, contribution)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """For an optimiser: the correction at `learning_rate`, and the weight (`rate_groups`)."""
        correction = {"params": list(self.correction.parameters()), "lr": learning_rate}
        return [correction, *self.weight.rate_groups()]
