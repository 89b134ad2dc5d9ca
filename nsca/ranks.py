"""What the processes that train one model together tell each other.

Every rank holds the whole effective batch, embeds its share of it, and gets the embeddings of the
others; so a loss that couples samples is computed on all of them, on every rank. Its gradient at a
rank's own embeddings is the whole loss's gradient there: sent through the rank's share and summed
over the ranks, it is the gradient that one process would have. torch's DistributedDataParallel
averages instead, and expects one backward pass a step; it is not used.

Rows are exchanged by adding up buffers that are zero outside of each rank's share: exact, and
shares may differ by a sample. One rank alone exchanges nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from lightning.pytorch import Trainer
from torch import Tensor, distributed
from torch.nn import Parameter

from nsca.errors import UserError


@dataclass(frozen=True)
class Ranks:
    """Attributes:
    rank: of this process, from 0.
    count: of all processes.
    device: of this process.
    """

    rank: int
    count: int
    device: torch.device

    def share(self, samples: int) -> tuple[int, int]:
        """Return the first sample of this rank's share, and the first one after it.

        Raises:
            UserError: there are fewer samples than ranks.
        """
        if samples < self.count:
            raise UserError(
                f"a step of {samples} samples has none for some of {self.count} devices",
                "fewer hardware.devices and hardware.nodes, or a larger effective_batch",
            )
        return samples * self.rank // self.count, samples * (self.rank + 1) // self.count

    def spread(self, own: Shaped[Tensor, "share ..."], samples: int) -> Shaped[Tensor, "batch ..."]:
        """Return a row for each sample: `own`, with its graph, in this rank's share, else 0."""
        if self.count == 1:
            return own
        start, stop = self.share(samples)
        rows = own.new_zeros(samples, *own.shape[1:])
        rows[start:stop] = own
        return rows

    def fill(self, spread: Iterable[Tensor]) -> None:
        """Put the other ranks' rows into what `spread` returned; no gradient reaches them."""
        if self.count > 1:
            for rows in spread:
                distributed.all_reduce(rows.detach())

    def follow_first(self, tensors: Iterable[Tensor]) -> None:
        """Give every rank what rank 0 has: of what each has worked out alone, rounding may differ
        where sums have no fixed order, as on a GPU.
        """
        if self.count > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)

    def most(self, *values: int) -> list[int]:
        """Return the largest of each value over the ranks."""
        if self.count == 1:
            return list(values)
        known = torch.tensor(values, device=self.device)
        distributed.all_reduce(known, distributed.ReduceOp.MAX)
        return known.tolist()


def ranks_of(trainer: Trainer) -> Ranks:
    """Return the ranks that a Trainer trains with."""
    return Ranks(trainer.global_rank, trainer.world_size, trainer.strategy.root_device)


def packed_gradients(parameters: Iterable[Parameter]) -> Shaped[Tensor, " number"]:
    """Return all gradients in one row, 0 where there is none, and then for each parameter whether
    it has one.
    """
    chosen = list(parameters)
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in chosen]
    there = gradients[0].new_tensor([p.grad is not None for p in chosen])
    return torch.cat([*(gradient.flatten() for gradient in gradients), there])


def sum_gradients(packed: Shaped[Tensor, " number"], parameters: Iterable[Parameter]) -> None:
    """Give each parameter the sum of its gradients on all ranks, and none where no rank has one.

    Args:
        packed: of this rank, from `packed_gradients`; it is written to.
        parameters: the same.
    """
    chosen = list(parameters)
    distributed.all_reduce(packed)
    *sums, there = packed.split([*(p.numel() for p in chosen), len(chosen)])
    for parameter, gradient, count in zip(chosen, sums, there.tolist(), strict=True):
        parameter.grad = gradient.view_as(parameter).to(parameter.dtype) if count else None
