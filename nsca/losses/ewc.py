"""Elastic weight consolidation: what an old task needs is held where it was.

    penalty = 1/2 strength sum_i F_i (theta_i - anchor_i)^2

Sources: Kirkpatrick et al. 2017, eq. 3; Schwarz et al. 2018 for the online form. F is the diagonal
of the Fisher information *sample by sample*: the mean of squared gradients, not the square of the
mean gradient, which is next to zero where training has converged.

Unsure by nature: with labels drawn from the model itself, F is its Fisher information; with the
labels of the data it is the "empirical Fisher", which fades with the training error (Kunstner et
al. 2019). The caller chooses by what it passes. Scaled to mean 1, `strength` means the same for
losses of any scale, but F says nothing of units that are off on all samples: they stay free.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import grad, vmap

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class ScaledFisher:
    """Fisher information with mean 1 over all parameters.

    Attributes:
        values: by name of the parameter, in its shape, 0 and above.
        scale: the mean that it was divided by.
    """

    values: Tensors
    scale: float


def diagonal_fisher(
    loss: Callable[..., Float[Tensor, ""]],
    parameters: Tensors,
    samples: tuple[Tensor, ...],
    chunk: int = 64,
) -> dict[str, Tensor]:
    """F_i = mean over samples n of (d loss_n / d theta_i)^2.

    Args:
        loss: `loss(parameters, *sample)`, the negative log-likelihood of one sample without a batch
            dimension.
        parameters: where the gradients are taken.
        samples: tensors with the same first dimension, at least 1.
        chunk: samples at once: each needs as much memory as the parameters.

    Raises:
        ValueError: no samples.
    """
    count = len(samples[0])
    if not count:
        raise ValueError("the Fisher information needs samples")
    gradients = vmap(grad(loss), in_dims=(None, *(0 for _ in samples)))
    fixed = {name: tensor.detach() for name, tensor in parameters.items()}
    total = {name: torch.zeros_like(tensor) for name, tensor in fixed.items()}
    for part in zip(*(tensor.split(chunk) for tensor in samples), strict=True):
        for name, each in gradients(fixed, *part).items():
            total[name] += each.square().sum(dim=0)
    return {name: tensor / count for name, tensor in total.items()}


def scaled_to_mean_one(fisher: Tensors) -> ScaledFisher:
    """Divide by the mean over all parameters, so that a strength fits losses of any scale.

    Raises:
        ValueError: all zero, or not finite.
    """
    every = torch.cat([tensor.flatten() for tensor in fisher.values()])
    scale = float(every.cpu().double().mean())
    if not 0 < scale < float("inf"):
        raise ValueError(f"the Fisher information has mean {scale}: nothing to scale")
    return ScaledFisher({name: tensor / scale for name, tensor in fisher.items()}, scale)


def accumulated(old: Tensors, new: Tensors, decay: float) -> dict[str, Tensor]:
    """The online form: F = decay F_old + F_new (Schwarz et al. 2018, eq. 9).

    Both are scaled to mean 1 before, so that no task outweighs another by its loss's scale; the
    anchor is then the parameters after the newest task alone.

    Args:
        old, new: by name, the same names and shapes.
        decay: 0 forgets the old, 1 keeps it whole.

    Raises:
        ValueError: decay out of range, or other names.
    """
    if not 0 <= decay <= 1:
        raise ValueError(f"decay is {decay}, not within 0 and 1")
    if old.keys() != new.keys():
        raise ValueError(f"other parameters: {sorted(old.keys() ^ new.keys())}")
    return {name: decay * old[name] + new[name] for name in new}


def ewc_penalty(
    parameters: Tensors, anchor: Tensors, fisher: Tensors, strength: float
) -> Float[Tensor, ""]:
    """1/2 strength sum_i F_i (theta_i - anchor_i)^2; 0 at the anchor, never below.

    A sum over parameters, not a mean. Gradients reach `parameters` alone.

    Raises:
        ValueError: other names.
    """
    if not parameters.keys() == anchor.keys() == fisher.keys():
        raise ValueError("parameters, anchor and Fisher information have other names")
    terms = [
        (fisher[name].detach() * (tensor - anchor[name].detach()).square()).sum()
        for name, tensor in parameters.items()
    ]
    return 0.5 * strength * torch.stack(terms).sum()
