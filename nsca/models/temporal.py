"""What has happened lately, as one vector: a causal transformer over the last moments.

Vaswani et al. 2017 with the norm before each layer. Places are learned and counted back from the
present, so that a shorter past is read as the end of a longer one.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Temporal(nn.Module):
    """From moments to what is known after each of them.

    Args:
        n_in: width of a moment.
        n_inner: width inside and of the result, a multiple of `n_heads`.
        n_heads: of the attention.
        n_layers: of attention and feed-forward.
        n_moments: the longest past.
    """

    def __init__(
        self, *, n_in: int, n_inner: int, n_heads: int, n_layers: int, n_moments: int
    ) -> None:
        super().__init__()
        if n_inner % n_heads:
            raise ValueError(f"n_inner={n_inner} is not a multiple of n_heads={n_heads}")
        self.n_in = n_in
        self.n_inner = n_inner
        self.embed = nn.Linear(n_in, n_inner)
        self.place = nn.Parameter(torch.randn(n_moments, n_inner) * n_inner**-0.5)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                n_inner,
                n_heads,
                4 * n_inner,
                dropout=0.0,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(n_inner)

    def forward(
        self, moments: Float[Tensor, "row moment width"]
    ) -> Float[Tensor, "row moment inner"]:
        """Return what is known after each moment, from it and those before it.

        Raises:
            ValueError: more moments than the longest past.
        """
        count = moments.shape[1]
        if count > len(self.place):
            raise ValueError(f"{count} moments; the longest past is {len(self.place)}")
        known = self.embed(moments) + self.place[len(self.place) - count :]
        later = torch.ones(count, count, dtype=torch.bool, device=moments.device).triu(1)
        for layer in self.layers:
            known = layer(known, src_mask=later)
        return self.norm(known)
