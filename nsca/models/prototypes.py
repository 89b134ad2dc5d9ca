"""What many pasts have in common: prototypes of contexts, and what each of them says beside.

The slow half of complementary learning systems (McClelland et al. 1995): now and then the contexts
of what is remembered are put into groups (Lloyd's k-means, which goes on from the groups it had).
A context is told what the prototypes near it say, a learned vector each: what is learned about one
kind of past then leaves other kinds alone. Before the first consolidation nothing is said.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

ROUNDS = 10  # of Lloyd's algorithm
LEAST_SPREAD = 1e-6


class Prototypes(nn.Module):
    """Keys, found by consolidation, and values, learned by gradient from 0.

    Args:
        count: how many, at least 1.
        width: of a context.
    """

    keys: Tensor
    spread: Tensor
    held: Tensor

    def __init__(self, *, count: int, width: int) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        self.values = nn.Parameter(torch.zeros(count, width))
        self.register_buffer("keys", torch.zeros(count, width))
        self.register_buffer("spread", torch.ones(()))
        self.register_buffer("held", torch.zeros(count))

    @property
    def consolidated(self) -> bool:
        """Whether there has been a consolidation."""
        return bool(self.held.any())

    def forward(self, context: Float[Tensor, "row width"]) -> Float[Tensor, "row width"]:
        """Return contexts with what the prototypes say: nearer ones more, in units of how far
        remembered contexts are from their own prototype.
        """
        if not self.consolidated:
            return context
        near = -self._distances(context) / self.spread
        near = near.masked_fill(self.held == 0, -torch.inf)
        return context + torch.softmax(near, dim=-1) @ self.values

    @torch.no_grad()
    def consolidate(self, contexts: Float[Tensor, "row width"], seed: int) -> None:
        """Group contexts; a prototype that nothing is near to stays where it is, and is silent.

        Args:
            contexts: of what is remembered, at least 1.
            seed: of the first keys, which are contexts.
        """
        if not self.consolidated:
            order = torch.randperm(len(contexts), generator=torch.Generator().manual_seed(seed))
            places = torch.arange(len(self.keys)) % len(contexts)  # twins of a key stay silent
            self.keys.copy_(contexts[order[places].to(contexts.device)])
        for _ in range(ROUNDS):
            nearest = self._distances(contexts).argmin(dim=1)
            sums = torch.zeros_like(self.keys).index_add(0, nearest, contexts)
            self.held.copy_(torch.bincount(nearest, minlength=len(self.keys)))
            there = self.held > 0
            self.keys[there] = sums[there] / self.held[there, None]
        own = (contexts - self.keys[nearest]).square().sum(dim=1)
        self.spread.copy_(own.mean().clamp(min=LEAST_SPREAD))

    def _distances(self, context: Float[Tensor, "row width"]) -> Float[Tensor, "row prototype"]:
        """Squared."""
        own, theirs = (each.square().sum(dim=-1) for each in (context, self.keys))
        return (own[:, None] + theirs - 2 * context @ self.keys.T).clamp(min=0)
