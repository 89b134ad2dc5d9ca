"""Muon with AdamW for vectors, warm-up and cosine, for every phase.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") makes every
direction of a matrix's momentum count alike; filters are matrices of one row an output channel. Its
steps are scaled to the size of AdamW's (Liu et al. 2025, "Muon is scalable for LLM training",
equation 4), so that one learning rate serves both. On small encoders of tabletop pictures it learns
in a few hundred steps what AdamW (Loshchilov and Hutter 2019) needs two to three times as many for
(`experiments/LOG.md`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from timm.optim.muon import Muon
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from nsca.errors import UserError


@dataclass(frozen=True)
class OptimizerSettings:
    """Attributes:
    learning_rate: of matrices and vectors alike, after warm-up.
    weight_decay: on matrices and filters; biases, norms and other vectors have none.
    warmup_steps: linear rise from 0, but never longer than a tenth of the run.
    final_share: the learning rate at the end, as a share of `learning_rate`.
    rates: modules of the phase that learn more slowly or faster than the others, by their path: a
        share of `learning_rate`, before and after warm-up; 0 leaves a module as it is.
    """

    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    warmup_steps: int = 1000
    final_share: float = 0.01
    rates: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if self.weight_decay < 0 or self.warmup_steps < 0 or not 0 <= self.final_share <= 1:
            raise ValueError(f"impossible optimiser settings: {self}")
        if any(rate < 0 for rate in self.rates.values()):
            raise ValueError(f"rates are shares of the learning rate, 0 and above: {self.rates}")


OWN_RATE = "own_rate"
"""Marks a parameter group that the schedule leaves alone."""


def build_optimizer(
    module: nn.Module, settings: OptimizerSettings, own: Sequence[dict[str, Any]] = ()
) -> Muon:
    """Return the optimizer of the trainable parameters: Muon with decay on those of two or more
    dimensions, AdamW without decay on the others.

    Args:
        module: whose parameters.
        settings: of all parameters outside `own`.
        own: parameter groups, each with its `lr`: AdamW, and no schedule.

    Raises:
        UserError: the module has no such part as `settings.rates` names.
    """
    left = {id(p): (n, p) for n, p in module.named_parameters() if p.requires_grad}
    for parameter in (p for group in own for p in group["params"]):
        left.pop(id(parameter), None)
    there = {name for name, _ in module.named_modules()}
    groups: list[dict[str, Any]] = []
    # the rest comes last; of a module and a part of it, the part goes first
    for path in [*sorted(settings.rates, key=len, reverse=True), ""]:
        if path not in there:
            parts = ", ".join(name for name, _ in module.named_children())
            raise UserError(f"phase.optimizer.rates: there is no {path}", f"choose from {parts}")
        inside = [(n, p) for n, p in left.values() if not path or n.startswith(f"{path}.")]
        for _, parameter in inside:
            del left[id(parameter)]
        rate = settings.learning_rate * settings.rates.get(path, 1.0)
        groups += _matrices_and_vectors([p for _, p in inside], rate, settings.weight_decay)
    groups += [{**group, "use_fallback": True, OWN_RATE: True} for group in own]
    return Muon(groups, lr=settings.learning_rate, adjust_lr_fn="match_rms_adamw")


def _matrices_and_vectors(
    parameters: Sequence[nn.Parameter], rate: float, weight_decay: float
) -> list[dict[str, Any]]:
    return [
        {
            "params": [p for p in parameters if p.ndim >= 2],
            "lr": rate,
            "weight_decay": weight_decay,
        },
        {
            "params": [p for p in parameters if p.ndim < 2],
            "lr": rate,
            "weight_decay": 0.0,
            "use_fallback": True,
        },
    ]


def learning_rate_share(step: int, total_steps: int, settings: OptimizerSettings) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then cosine."""
    warmup = min(settings.warmup_steps, total_steps // 10)
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, total_steps - warmup))
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return settings.final_share + (1 - settings.final_share) * cosine


def build_schedule(optimizer: Optimizer, settings: OptimizerSettings, total_steps: int) -> LambdaLR:
    """Return the schedule to be stepped once an optimiser step; own rates stay as they are."""

    def share(step: int) -> float:
        return learning_rate_share(step, total_steps, settings)

    own = [OWN_RATE in group for group in optimizer.param_groups]
    return LambdaLR(optimizer, [(lambda _: 1.0) if constant else share for constant in own])
