"""Fusion: one state from whichever senses are there.

A few learned queries read one token a sense by cross-attention, talk to each other by
self-attention and think for themselves, layer after layer (Perceiver: Jaegle et al. 2021). A sense
that is missing is masked, never replaced; one token that is always there stands for nothing, so
that the state is defined without any sense, too.

What the queries say is added to what a linear map tells of each sense that is there. Without that
path attention has to learn to pass on what it is given, and a short training loses what one sense
alone knows, such as colour (measured: experiments/LOG.md, "a linear path past the attention").
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class FusionLayer(nn.Module):
    """Cross-attention, self-attention and feed-forward, each after a norm and added.

    Args:
        n_inner: width.
        n_heads: of both attentions.
    """

    def __init__(self, n_inner: int, n_heads: int) -> None:
        super().__init__()
        self.cross = nn.MultiheadAttention(n_inner, n_heads, batch_first=True)
        self.own = nn.MultiheadAttention(n_inner, n_heads, batch_first=True)
        self.think = nn.Sequential(
            nn.Linear(n_inner, 4 * n_inner), nn.GELU(), nn.Linear(4 * n_inner, n_inner)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(n_inner) for _ in range(3))

    def forward(
        self,
        queries: Float[Tensor, "row query inner"],
        tokens: Float[Tensor, "row token inner"],
        missing: Bool[Tensor, "row token"],
    ) -> tuple[Float[Tensor, "row query inner"], Float[Tensor, "row head query token"]]:
        """Return the queries, and their attention on tokens."""
        asked = self.norms[0](queries)
        heard, attention = self.cross(
            asked, tokens, tokens, key_padding_mask=missing, average_attn_weights=False
        )
        queries = queries + heard
        asked = self.norms[1](queries)
        queries = queries + self.own(asked, asked, asked, need_weights=False)[0]
        return queries + self.think(self.norms[2](queries)), attention


class Fusion(nn.Module):
    """From packed, scaled senses to a state and a smaller latent of it.

    Args:
        widths: of the senses in a packed row.
        n_inner: width of tokens and queries, a multiple of `n_heads`.
        n_heads: of the attentions.
        n_layers: of attention.
        n_queries: learned ones.
        n_state: width of the state.
        n_latent: width of the latent, in which the future is imagined.
        n_aligned: width of the space in which senses are compared with each other.
    """

    def __init__(
        self,
        *,
        widths: Sequence[int],
        n_inner: int,
        n_heads: int,
        n_layers: int,
        n_queries: int,
        n_state: int,
        n_latent: int,
        n_aligned: int,
    ) -> None:
        super().__init__()
        if n_inner % n_heads:
            raise ValueError(f"n_inner={n_inner} is not a multiple of n_heads={n_heads}")
        if n_layers < 1:
            raise ValueError("a fusion without a layer listens to nothing")
        self.widths = list(widths)
        self.tokens = nn.ModuleList(
            nn.Sequential(nn.Linear(width, n_inner), nn.GELU(), nn.Linear(n_inner, n_inner))
            for width in widths
        )
        self.nothing = nn.Parameter(torch.zeros(1, 1, n_inner))
        self.kinds = nn.Parameter(torch.randn(1, len(widths), n_inner) * n_inner**-0.5)
        self.queries = nn.Parameter(torch.randn(1, n_queries, n_inner) * n_inner**-0.5)
        self.norm = nn.LayerNorm(n_inner)
        self.layers = nn.ModuleList(FusionLayer(n_inner, n_heads) for _ in range(n_layers))
        self.state = nn.Sequential(
            nn.LayerNorm(n_inner),
            nn.Flatten(),
            nn.Linear(n_queries * n_inner, n_state),
        )
        self.direct = nn.ModuleList(nn.Linear(width, n_state, bias=False) for width in widths)
        self.comparable = nn.LayerNorm(n_state, elementwise_affine=False)  # states can be compared
        self.latent = nn.Linear(n_state, n_latent)
        self.aligned = nn.ModuleList(nn.Linear(n_inner, n_aligned) for _ in widths)

    def forward(
        self, packed: Float[Tensor, "row width"], there: Bool[Tensor, "row sense"]
    ) -> tuple[
        Float[Tensor, "row state"],
        Float[Tensor, "row sense aligned"],
        Float[Tensor, "row head query token"],
    ]:
        """Return the state of each row, each sense in the space of comparison, and the attention.

        Args:
            packed: scaled senses.
            there: which of them to listen to. Rows of the comparison mean nothing where a sense is
                missing in `packed`; whether it is listened to does not change them.

        The attention is on each sense, then on nothing, of the last layer; over these it sums to 1.
        """
        parts = packed.split(self.widths, dim=1)
        tokens = torch.stack(
            [embed(part) for embed, part in zip(self.tokens, parts, strict=True)], dim=1
        )
        aligned = torch.stack([head(tokens[:, n]) for n, head in enumerate(self.aligned)], dim=1)
        rows = len(packed)
        tokens = torch.cat([tokens + self.kinds, self.nothing.expand(rows, 1, -1)], dim=1)
        tokens = self.norm(tokens)
        missing = torch.cat([~there, there.new_zeros(rows, 1)], dim=1)
        queries = self.queries.repeat(rows, 1, 1)  # a view would need a gradient under no_grad, too
        attentions = []
        for layer in self.layers:
            queries, attention = layer(queries, tokens, missing)
            attentions.append(attention)
        state = self.state(queries)
        for place, (direct, part) in enumerate(zip(self.direct, parts, strict=True)):
            state = state + torch.where(there[:, place, None], direct(part), 0.0)
        return self.comparable(state), aligned, attentions[-1]

    def embed_stored(
        self, stored: Float[Tensor, "row packed_and_mask"], chunk: int = 4096
    ) -> Float[Tensor, "row state"]:
        """See `SenseEncoder`: states of packed, scaled rows, whose last columns say which senses to
        listen to.
        """
        senses = len(self.widths)
        with torch.no_grad():
            parts = [
                self(rows[:, :-senses], rows[:, -senses:] > 0)[0].float().cpu()
                for rows in (part.to(self.nothing.device) for part in stored.split(chunk))
            ]
        return torch.cat(parts)
