"""Behaviour cloning of the old policy, as in ClonEx-SAC (Wołczyk et al. 2022).

After a task some of its inputs are kept, with what the network answered there. Later the network is
held to those answers: the mean divergence KL(old || new) on a batch of them is added to the loss.
Their exploration has no counterpart here: demonstrations are given.
"""

from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from nsca.continual.likelihood import Likelihood
from nsca.continual.method import Method, Samples


class OldPolicyCloning(Method):
    """Keeps the answers of the old network on some of its inputs.

    Args:
        likelihood: what the model's outputs mean.
        memory: inputs kept a task, drawn without replacement; all where there are fewer.
        strength: of the divergence.
        batch: of the memory, a step.
        seed: of what is kept and drawn.
    """

    def __init__(
        self, likelihood: Likelihood, memory: int, strength: float, batch: int, seed: int = 0
    ) -> None:
        self._likelihood = likelihood
        self.memory = memory
        self.strength = strength
        self.batch = batch
        self._generator = Generator().manual_seed(seed)
        self._inputs: list[Tensor] = []
        self._answers: list[Tensor] = []

    def extra_loss(self, model: nn.Module) -> Tensor | None:
        """strength times the mean KL on a batch of the memory."""
        if not self._inputs:
            return None
        inputs, answers = torch.cat(self._inputs), torch.cat(self._answers)
        rows = torch.randint(len(inputs), (self.batch,), generator=self._generator)
        divergence = self._likelihood.divergence(answers[rows], model(inputs[rows]))
        return self.strength * divergence.mean()

    def finish(self, model: nn.Module, samples: Samples, retrain: Callable[[int], None]) -> None:
        """Keep some inputs with the answers of now."""
        rows = torch.randperm(len(samples), generator=self._generator)[: self.memory]
        self._inputs.append(samples.inputs[rows])
        self._answers.append(model(samples.inputs[rows]).detach())
