"""The head between features and losses (Chen et al. 2020, section 4.2); training only."""

from jaxtyping import Float
from torch import Tensor, nn


class Projector(nn.Module):
    """Two-layer MLP with LayerNorm, so that a sample's projection does not depend on its batch.

    Args:
        n_in: width of the features.
        n_hidden: width of the hidden layer.
        n_out: width of the space in which losses are taken.
    """

    def __init__(self, n_in: int, n_hidden: int, n_out: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_in, n_hidden),
            nn.LayerNorm(n_hidden),
            nn.ReLU(),
            nn.Linear(n_hidden, n_out),
        )

    def forward(
        self, features: Float[Tensor, "sample feature"]
    ) -> Float[Tensor, "sample projection"]:
        return self.layers(features)
