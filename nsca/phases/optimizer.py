"""AdamW with warm-up and cosine, for every phase (Loshchilov and Hutter 2017, 2019)."""

import math
from dataclasses import dataclass

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


@dataclass(frozen=True)
class OptimizerSettings:
    """Attributes:
    learning_rate: after warm-up.
    weight_decay: on matrices and filters; biases, norms and other vectors have none.
    warmup_steps: linear rise from 0, but never longer than a tenth of the run.
    final_share: the learning rate at the end, as a share of `learning_rate`.
    """

    learning_rate: float = 3e-4
    weight_decay: float = 1e-4
    warmup_steps: int = 1000
    final_share: float = 0.01

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if self.weight_decay < 0 or self.warmup_steps < 0 or not 0 <= self.final_share <= 1:
            raise ValueError(f"impossible optimiser settings: {self}")


def build_optimizer(module: nn.Module, settings: OptimizerSettings) -> AdamW:
    """Return AdamW over the trainable parameters, with decay on those of two or more dimensions."""
    trainable = [p for p in module.parameters() if p.requires_grad]
    groups = [
        {
            "params": [p for p in trainable if p.ndim >= 2],
            "weight_decay": settings.weight_decay,
        },
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=settings.learning_rate)


def learning_rate_share(step: int, total_steps: int, settings: OptimizerSettings) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then cosine."""
    warmup = min(settings.warmup_steps, total_steps // 10)
    if step < warmup:
        return (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, total_steps - warmup))
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return settings.final_share + (1 - settings.final_share) * cosine


def build_schedule(optimizer: AdamW, settings: OptimizerSettings, total_steps: int) -> LambdaLR:
    """Return the schedule to be stepped once an optimiser step."""
    return LambdaLR(optimizer, lambda step: learning_rate_share(step, total_steps, settings))
