"""What a network's outputs mean: a distribution over targets, with all that methods ask of one."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Generator, Tensor
from torch.nn import functional

MOVES = 3
"""Displacements of the hand; the fourth number is the gripper's."""


@runtime_checkable
class Likelihood(Protocol):
    """A distribution over targets for each row of outputs. All functions take any leading shape."""

    def loss(
        self, outputs: Float[Tensor, "*n o"], targets: Float[Tensor, "*n t"]
    ) -> Float[Tensor, "*n"]:
        """Negative log-likelihood of each row, up to a constant."""
        ...

    def divergence(
        self, old: Float[Tensor, "*n o"], new: Float[Tensor, "*n o"]
    ) -> Float[Tensor, "*n"]:
        """Kullback-Leibler divergence KL(old || new) of each row; 0 and above."""
        ...

    def natural(self, outputs: Float[Tensor, "*n o"]) -> Float[Tensor, "*n o"]:
        """Outputs in units in which distances are comparable (logits, or standard deviations)."""
        ...

    def draw(self, outputs: Float[Tensor, "*n o"], generator: Generator) -> Float[Tensor, "*n t"]:
        """Targets drawn from the distribution."""
        ...


class ActionLikelihood:
    """Gaussian displacements and a gripper that is closed or not.

    Outputs [4]: means of three displacements, logit of "closed". Targets [4]: displacements within
    -1 and 1, 1 for closed and 0 for open. A gripper that is regressed closes early and deadlocks.

    Args:
        deviation: standard deviation of the displacements, fixed; it decides how much a wrong
            displacement counts beside a wrong grip.

    Raises:
        ValueError: a deviation that is not above 0.
    """

    def __init__(self, deviation: float) -> None:
        if deviation <= 0:
            raise ValueError(f"deviation is {deviation}, not above 0")
        self.deviation = deviation

    def loss(
        self, outputs: Float[Tensor, "*n 4"], targets: Float[Tensor, "*n 4"]
    ) -> Float[Tensor, "*n"]:
        """1/2 |move - mean|^2 / deviation^2 - log P(grip)."""
        moves = (outputs[..., :MOVES] - targets[..., :MOVES]) / self.deviation
        grip = functional.binary_cross_entropy_with_logits(
            outputs[..., MOVES], targets[..., MOVES], reduction="none"
        )
        return 0.5 * moves.square().sum(dim=-1) + grip

    def divergence(
        self, old: Float[Tensor, "*n 4"], new: Float[Tensor, "*n 4"]
    ) -> Float[Tensor, "*n"]:
        """1/2 |mean_old - mean_new|^2 / deviation^2 + KL of the two grips."""
        moves = (old[..., :MOVES] - new[..., :MOVES]) / self.deviation
        closed = old[..., MOVES].sigmoid()
        cross, own = (
            functional.binary_cross_entropy_with_logits(logit, closed, reduction="none")
            for logit in (new[..., MOVES], old[..., MOVES])
        )
        return 0.5 * moves.square().sum(dim=-1) + cross - own

    def natural(self, outputs: Float[Tensor, "*n 4"]) -> Float[Tensor, "*n 4"]:
        """Displacements in standard deviations; the logit as it is."""
        return torch.cat([outputs[..., :MOVES] / self.deviation, outputs[..., MOVES:]], dim=-1)

    def draw(self, outputs: Float[Tensor, "*n 4"], generator: Generator) -> Float[Tensor, "*n 4"]:
        """Displacements are not cut to -1 and 1: cut ones would not be of the distribution."""
        noise = torch.randn(outputs[..., :MOVES].shape, generator=generator)
        moves = outputs[..., :MOVES] + self.deviation * noise
        grip = torch.bernoulli(outputs[..., MOVES:].sigmoid(), generator=generator)
        return torch.cat([moves, grip], dim=-1)
