"""Ridge regression of many targets over several strengths with one pass over the features.

Solved by Cholesky factors of the smaller of the covariance (features x features) and the Gram
matrix (samples x samples), so 12,288 pixel columns cost what a few thousand samples cost.
"""

import torch
from jaxtyping import Float
from torch import Tensor


class Ridge:
    """Features standardised and targets centred, ready to be solved at any strength.

    Args:
        features: float32; a constant column gets weight 0.
        targets: float32.
    """

    def __init__(
        self, features: Float[Tensor, "row feature"], targets: Float[Tensor, "row target"]
    ) -> None:
        self.mean = features.mean(0)
        deviation = features.std(0, correction=0)
        # A constant column carries nothing; dividing by its rounding noise would make it the
        # loudest one.
        self.scale = torch.where(deviation > 1e-6 * (1 + self.mean.abs()), 1 / deviation, 0.0)
        self.x = (features - self.mean) * self.scale
        self.target_mean = targets.mean(0)
        self.dual = self.x.shape[1] > self.x.shape[0]
        product = self.x @ self.x.T if self.dual else self.x.T @ self.x
        self.product = _exact(product)
        centred = targets - self.target_mean
        self.right = _exact(centred if self.dual else self.x.T @ centred)
        self.unit = float(self.product.diagonal().mean()) or 1.0

    def weights(self, strength: float) -> Float[Tensor, "feature target"] | None:
        """Weights of the standardised features, or None where rounding leaves the system not
        positive definite.
        """
        system = self.product.clone()
        system.diagonal().add_(strength * self.unit)
        factor, failed = torch.linalg.cholesky_ex(system)
        if int(failed):
            return None
        solution = torch.cholesky_solve(self.right, factor).float().to(self.x.device)
        return self.x.T @ solution if self.dual else solution


def _exact(tensor: Tensor) -> Tensor:
    """In 64 bits, which Apple's GPUs do not have."""
    return (tensor if tensor.device.type in {"cpu", "cuda"} else tensor.cpu()).double()
