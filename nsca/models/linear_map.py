"""A linear map that is fitted in closed form, and saved with the weights."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LinearMap(nn.Module):
    """(x - mean) * scale @ weights + offset; says 0 until weights are taken.

    Args:
        n_in: features.
        n_out: targets.
    """

    mean: Tensor
    scale: Tensor
    weights: Tensor
    offset: Tensor

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_in))
        self.register_buffer("scale", torch.ones(n_in))
        self.register_buffer("weights", torch.zeros(n_in, n_out))
        self.register_buffer("offset", torch.zeros(n_out))

    def forward(self, features: Float[Tensor, "row feature"]) -> Float[Tensor, "row target"]:
        return (features - self.mean) * self.scale @ self.weights + self.offset
