"""Gradient caching: the full batch's gradient of a batch-coupled loss with a micro-batch's memory.

Gao, Zhang, Han and Callan 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited
Setup". Pass 1 embeds the micro-batches without a graph; the loss on all embeddings gives the
gradient at each embedding; pass 2 embeds each micro-batch again, with a graph, and sends its
gradient through. Samples that fit into one micro-batch keep the graph of pass 1 instead.

The random numbers of a micro-batch are a function of seed, step and its first row, so that dropout
masks agree between the passes, and between devices that share a batch and one that has it alone.

Exact only without batch statistics in the model.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import torch
from torch import Tensor

from nsca.data.batch import Batch

Embeddings = dict[str, Tensor]
EmbedFunction = Callable[[Batch], Embeddings]
MASK_STREAM = 7  # of random numbers; sample order and augmentation have their own


class GradientCache:
    """The embeddings of some samples, as leaves, with what is needed to embed them again.

    Args:
        embed: from a micro-batch to named embeddings, one row a sample.
        batch: the samples: all of the effective batch, or a share of it.
        micro_batch: the largest number of samples embedded at once, at least 1.
        device: where the model draws its random numbers.
        seed, step: of the random numbers.
        first_row: place of the first sample in the effective batch.
        cut: whether a loss leaves its gradient at the embeddings of a single micro-batch, too,
            instead of sending it through at once.

    Attributes:
        embeddings: what the loss is to be computed on.
    """

    def __init__(
        self,
        embed: EmbedFunction,
        batch: Batch,
        micro_batch: int,
        device: torch.device,
        seed: int,
        step: int,
        first_row: int = 0,
        cut: bool = False,
    ) -> None:
        self._embed = embed
        self._device = device
        self._key = (seed, MASK_STREAM, step)
        self._first_row = first_row
        starts = range(0, len(batch), micro_batch)
        self._parts = [(start, batch.slice(start, start + micro_batch)) for start in starts]
        whole = len(self._parts) == 1
        with torch.set_grad_enabled(whole):
            outputs = [self._embedded(start, part) for start, part in self._parts]
        self._with_graph = outputs[0] if whole else None
        self.embeddings: Embeddings = outputs[0]
        if whole and not cut:
            self._parts = []  # the loss's own backward pass reaches the parameters
        else:
            self.embeddings = {
                name: torch.cat([output[name] for output in outputs]).detach().requires_grad_()
                for name in outputs[0]
            }

    def backward(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        """Send the gradients at the embeddings into the parameters, one micro-batch at a time.

        Args:
            context: makes the context that the first pass ran in (autocast).
        """
        for start, part in self._parts:
            outputs = self._with_graph
            if outputs is None:
                with context():
                    outputs = self._embedded(start, part)
            reached = [
                (outputs[name], leaf.grad[start : start + len(part)])
                for name, leaf in self.embeddings.items()
                if leaf.grad is not None
            ]
            torch.autograd.backward(
                [output for output, _ in reached], [gradient for _, gradient in reached]
            )

    def _embedded(self, start: int, part: Batch) -> Embeddings:
        with _random_numbers(self._device, (*self._key, self._first_row + start)):
            return self._embed(part)


@contextmanager
def _random_numbers(device: torch.device, key: Sequence[int]) -> Iterator[None]:
    """Random numbers of torch that follow from a key; afterwards those from before go on."""
    seed = int(np.random.default_rng(key).integers(2**63))
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed takes 160 us for it
        if device.type != "cpu":
            torch.get_device_module(device).manual_seed(seed)
        yield
