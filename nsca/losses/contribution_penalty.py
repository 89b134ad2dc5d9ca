"""What a learned correction costs, so that a prior explains as much as it can.

With prediction = w · prior + (1 - w) · correction, a correction that is free absorbs any w: the
weight would mean nothing. So the *contribution* (1 - w) · correction has a price; the correction
becomes the least-norm rest, as in APHYNITY (Yin et al. 2021), and the gradient of w points to where
that rest is smallest.
"""

from jaxtyping import Float
from torch import Tensor


def contribution_penalty(
    contribution: Float[Tensor, "*batch axis"], scale: float
) -> Float[Tensor, ""]:
    """Mean over the batch of the squared length of `contribution / scale`; 0 or more.

    Args:
        contribution: (1 - w) · correction.
        scale: its unit, in the same unit: makes the penalty dimensionless.
    """
    return (contribution / scale).square().sum(-1).mean()
