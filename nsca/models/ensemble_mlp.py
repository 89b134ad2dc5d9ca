"""Several small networks side by side, as one batched product."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class EnsembleMLP(nn.Module):
    """M independent perceptrons with two hidden layers of SiLU units; the last starts near zero.

    Args:
        members: M.
        n_in, width, n_out: of every member.
    """

    def __init__(self, members: int, n_in: int, width: int, n_out: int) -> None:
        super().__init__()
        sizes = [(n_in, width), (width, width), (width, n_out)]
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(members, a, b) / math.sqrt(a)) for a, b in sizes
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(members, 1, b)) for _, b in sizes)
        with torch.no_grad():
            self.weights[-1].mul_(0.1)

    @property
    def members(self) -> int:
        """M."""
        return self.weights[0].shape[0]

    def forward(self, features: Float[Tensor, "m *batch i"]) -> Float[Tensor, "m *batch o"]:
        """Each member on its own rows."""
        shape = features.shape
        hidden = features.reshape(shape[0], -1, shape[-1])
        layers = list(zip(self.weights, self.biases, strict=True))
        for weight, bias in layers[:-1]:
            hidden = functional.silu(torch.baddbmm(bias, hidden, weight))
        weight, bias = layers[-1]
        return torch.baddbmm(bias, hidden, weight).reshape(*shape[:-1], -1)
