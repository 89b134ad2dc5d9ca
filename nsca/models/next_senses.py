"""What the senses will say next, from the latent and what is done; training only."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nsca.models.action_width import require_action_width
from nsca.models.standardise import Standardise


class NextSenses(nn.Module):
    """An MLP of one hidden layer.

    Args:
        n_latent: width of the latent.
        n_action: numbers of an action, which is scaled once `scale` is fitted.
        n_embedded: width of an embedded action.
        n_hidden: of the hidden layer.
        widths: of the senses in a packed row.
    """

    def __init__(
        self, *, n_latent: int, n_action: int, n_embedded: int, n_hidden: int, widths: Sequence[int]
    ) -> None:
        super().__init__()
        self.scale = Standardise(n_action)
        self.action = nn.Linear(n_action, n_embedded)
        self.layers = nn.Sequential(
            nn.Linear(n_latent + n_embedded, n_hidden),
            nn.LayerNorm(n_hidden),
            nn.GELU(),
            nn.Linear(n_hidden, sum(widths)),
        )

    def fit(self, actions: Float[Tensor, "row number"]) -> None:
        """Take the scale of actions. Raises UserError where there are more or fewer numbers."""
        require_action_width(actions.shape[1], self.action.in_features)
        self.scale.fit(actions)

    def forward(
        self, latent: Float[Tensor, "row latent"], action: Float[Tensor, "row number"]
    ) -> Float[Tensor, "row width"]:
        """Return the packed, scaled row of the next moment."""
        return self.layers(torch.cat([latent, self.action(self.scale(action))], dim=1))
