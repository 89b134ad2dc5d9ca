"""Features at mean 0 and standard deviation 1, by figures of the training part."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEAST_STD = 1e-3
"""A feature that hardly varies is not blown up to noise."""


class Standardise(nn.Module):
    """Shifts and scales each feature; nothing until it is fitted. Saved with the weights.

    Args:
        width: number of features.
    """

    mean: Tensor
    std: Tensor
    fitted: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))
        self.register_buffer("fitted", torch.tensor(False))

    def fit(self, rows: Float[Tensor, "row feature"]) -> None:
        """Take mean and standard deviation of these rows; of none, nothing is changed."""
        if len(rows):
            values = rows.cpu().double()  # Apple's GPUs have no 64 bits
            self.mean.copy_(values.mean(dim=0))
            self.std.copy_(values.std(dim=0, correction=0).clamp(min=LEAST_STD))
        self.fitted.fill_(True)

    def forward(self, rows: Float[Tensor, "*row feature"]) -> Float[Tensor, "*row feature"]:
        """Return them scaled, on their device: stored rows are on the CPU, scales may not be."""
        return (rows - self.mean.to(rows.device)) / self.std.to(rows.device)
