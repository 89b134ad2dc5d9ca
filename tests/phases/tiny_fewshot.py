"""A small few-shot phase on demonstrations that a test recorded: shared by tests."""

from functools import cache
from typing import Any

import torch

from nsca.data.demonstrating import record_demonstrations
from nsca.data.demonstrations import Demonstration
from nsca.phases.fewshot.data import FewShotData
from nsca.phases.fewshot.module import FewShotPhase
from nsca.phases.optimizer import OptimizerSettings
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight


@cache
def recorded() -> list[Demonstration]:
    """Of pick-place, by metaworld's own, which is always there: everywhere they are the same."""
    return record_demonstrations("pick-place-v3", 3, seed=0, backend="metaworld").demonstrations


class Shown:
    """The first of some demonstrations, and the others held out."""

    name = "shown"

    def __init__(self, demonstrations: list[Demonstration], count: int) -> None:
        self._all, self._count = demonstrations, count

    def train(self) -> list[Demonstration]:
        return self._all[: self._count]

    def val(self) -> list[Demonstration]:
        return self._all[self._count :]


def tiny_phase(**changes: Any) -> FewShotPhase:
    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "prior": Physics(9.81),
        "weight": PriorWeight(0.9, 0.0, learnable=False),
        "members": 2,
        "width": 8,
        "loss_weights": {"rollout": 1.0, "contribution": 1e-3},
        "optimizer": OptimizerSettings(learning_rate=3e-3, warmup_steps=0, final_share=0.1),
        "micro_batch": 64,
    }
    return FewShotPhase(**{**settings, **changes})


def tiny_data(demonstrations: list[Demonstration] | None = None, seed: int = 0) -> FewShotData:
    shown = recorded() if demonstrations is None else demonstrations
    return FewShotData(source=Shown(shown, 2), effective_batch=32, seed=seed)
