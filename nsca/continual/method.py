"""The one interface of all methods: hooks of a training that goes through tasks in order.

`training.learn` calls them. A method sees the samples of the task at hand and whatever it kept of
earlier ones; it never sees a later task. Only what a method does may differ: network, batches,
optimiser and number of steps are the same for all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class Samples:
    """What a task is learned from.

    Attributes:
        inputs: of the network.
        targets: what a `Likelihood` takes.
    """

    inputs: Float[Tensor, "n i"]
    targets: Float[Tensor, "n t"]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, rows: Tensor) -> "Samples":
        return Samples(self.inputs[rows], self.targets[rows])

    def and_also(self, others: "Samples") -> "Samples":
        """These and those."""
        return Samples(
            torch.cat([self.inputs, others.inputs]), torch.cat([self.targets, others.targets])
        )


class Method:
    """A method that does nothing: every hook as it is when a method has no use for it.

    One instance goes through one sequence of tasks with one network.
    """

    knows_task: ClassVar[bool] = False
    """Whether `model_for` has to be told the task at test time."""

    def begin(self, model: nn.Module, samples: Samples, task: int) -> Samples:
        """Before a task (0, 1, ...) is learned; returns what it is learned from."""
        return samples

    def steps(self, task: int, steps: int) -> int:
        """How many optimiser steps this task gets, where others have `steps`."""
        return steps

    def extra_loss(self, model: nn.Module) -> Tensor | None:
        """Added to the mean loss of a batch; None for nothing."""
        return None

    def after_backward(self, model: nn.Module) -> None:
        """May change gradients in place, before the optimiser sees them."""

    def observe(self, batch: Samples, outputs: Float[Tensor, "b o"]) -> None:
        """A batch that was just learned from, with the outputs (detached) before the step."""

    def finish(self, model: nn.Module, samples: Samples, retrain: Callable[[int], None]) -> None:
        """After a task is learned; `retrain(steps)` trains on with the same hooks."""

    def model_for(self, model: nn.Module, task: int) -> nn.Module:
        """The network to act with in a task."""
        return model

    def figures(self) -> dict[str, float]:
        """What is worth logging; finite numbers by name."""
        return {}


class Naive(Method):
    """Trains on, come what may: the control that must forget."""
