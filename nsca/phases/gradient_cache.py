"""Gradient caching: the full batch's gradient of a batch-coupled loss with a micro-batch's memory.

Gao, Zhang, Han and Callan 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited
Setup". Pass 1 embeds the micro-batches without a graph; the loss on all embeddings gives the
gradient at each embedding; pass 2 embeds each micro-batch again, with a graph, and sends its
gradient through. The second pass replays the first one's random numbers, so dropout masks agree.

Exact only without batch statistics in the model. Not written for DistributedDataParallel, whose
reducer expects one backward pass a step.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from nsca.data.batch import Batch

Embeddings = dict[str, Tensor]
EmbedFunction = Callable[[Batch], Embeddings]


class GradientCache:
    """The embeddings of one batch, as leaves, with what is needed to embed its parts again.

    Args:
        embed: from a micro-batch to named embeddings, one row a sample.
        batch: the whole effective batch.
        micro_batch: the largest number of samples embedded at once, at least 1.
        device: where the model draws its random numbers.
    """

    def __init__(
        self, embed: EmbedFunction, batch: Batch, micro_batch: int, device: torch.device
    ) -> None:
        self._embed = embed
        self._device = device
        self._parts: list[tuple[Batch, list[Tensor]]] = []
        outputs: list[Embeddings] = []
        with torch.no_grad():
            for start in range(0, len(batch), micro_batch):
                part = batch.slice(start, start + micro_batch)
                self._parts.append((part, _rng_states(device)))
                outputs.append(embed(part))
        self.leaves: Embeddings = {
            name: torch.cat([output[name] for output in outputs]).requires_grad_()
            for name in outputs[0]
        }

    def backward(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        """Send the gradients at the leaves into the parameters, one micro-batch at a time.

        Args:
            context: makes the context that the first pass ran in (autocast).
        """
        devices = [self._device] if self._device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            start = 0
            for part, states in self._parts:
                _set_rng_states(self._device, states)
                with context():
                    outputs = self._embed(part)
                stop = start + len(part)
                reached = [
                    (outputs[name], leaf.grad[start:stop])
                    for name, leaf in self.leaves.items()
                    if leaf.grad is not None
                ]
                torch.autograd.backward(
                    [output for output, _ in reached], [gradient for _, gradient in reached]
                )
                start = stop


def _rng_states(device: torch.device) -> list[Tensor]:
    states = [torch.get_rng_state()]
    if device.type == "cuda":
        states.append(torch.cuda.get_rng_state(device))
    return states


def _set_rng_states(device: torch.device, states: list[Tensor]) -> None:
    torch.set_rng_state(states[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states[1], device)
