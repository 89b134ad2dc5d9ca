"""A small memory phase on two tasks that contradict each other: shared by tests."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from phases.tiny_dynamics import AHEAD, PAST, WEIGHTS, Pushed, imagining
from phases.tiny_vision import tiny_trainer

from nsca.data.moments import Moments
from nsca.data.source import Split
from nsca.models.prototypes import Prototypes
from nsca.phases.memory.data import MemoryData
from nsca.phases.memory.module import MemoryPhase
from nsca.phases.memory.settings import MemorySettings
from nsca.phases.optimizer import OptimizerSettings

STREAM = ("plain", "mirrored")
MEMORY = MemorySettings(
    capacity=60,
    replayed=0.5,
    consolidate_every=2,
    fisher_windows=8,
    protection=10.0,
    decay=1.0,
)
NAIVE = {"prototypes": None, "loss_weights": WEIGHTS}


class Mirrored(Pushed):
    """Every other clip is a metre higher, and there a command does the opposite."""

    name = "mirrored"

    def moments(self, split: Split) -> Moments:
        found = super().moments(split)
        odd = found.clip % 2 == 1
        action, physical = found.action.copy(), found.physical.copy()
        action[odd] *= -1
        physical[odd, 2] += 1.0
        return replace(
            found, action=action, physical=physical, task=np.array(STREAM)[odd.astype(int)]
        )


def tiny_phase(**changes: Any) -> MemoryPhase:
    torch.manual_seed(0)
    return MemoryPhase(
        **imagining(
            {"prototypes": Prototypes(count=6, width=16), **changes},
            stream=STREAM,
            memory=MEMORY,
            loss_weights={**WEIGHTS, "replay": 1.0, "ewc": 1.0},
            optimizer=OptimizerSettings(learning_rate=3e-3, final_share=1.0),
            micro_batch=64,
        )
    )


def tiny_data(**changes: Any) -> MemoryData:
    settings: dict[str, Any] = {
        "source": Mirrored(),
        "stream": STREAM,
        "past": PAST,
        "ahead": AHEAD,
        "effective_batch": 24,
        "seed": 0,
        "validation_batches": 1,
    }
    return MemoryData(**{**settings, **changes})


def trained(steps: int, clips: int = 24, **changes: Any) -> MemoryPhase:
    phase = tiny_phase(**changes)
    data = tiny_data(source=Mirrored(clips), stream=changes.get("stream", STREAM))
    tiny_trainer(steps, limit_val_batches=0).fit(phase, datamodule=data)
    return phase.eval()
