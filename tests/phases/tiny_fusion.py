"""A small fusion phase on a world of one number that three senses tell of: shared by tests."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from phases.tiny_audio import TIME
from phases.tiny_audio import tiny_encoder as tiny_audio
from phases.tiny_vision import tiny_encoder as tiny_vision
from phases.tiny_vision import tiny_trainer

from nsca.data.batch import FusionBatch
from nsca.data.moments import InMemory, Moments
from nsca.data.source import ProbeLabel, Split
from nsca.models.fusion import Fusion
from nsca.models.log_mel import RATE_HZ
from nsca.models.next_senses import NextSenses
from nsca.models.senses import Senses
from nsca.phases.fusion.data import FusionData
from nsca.phases.fusion.module import FusionPhase
from nsca.phases.optimizer import OptimizerSettings

WEIGHTS = {
    "prediction": 1.0,
    "completion": 1.0,
    "consistency": 0.1,
    "variance": 1.0,
    "covariance": 0.04,
}
WIDTHS = [32, 32, 4]
PER_CLIP = 4


class Glowing:
    """Clips of a thing that is brighter, higher in tone and further away, or less; an action moves
    it. Every fourth moment is silent.
    """

    name = "glowing"
    held_out: tuple[Split, ...] = ("val",)

    def __init__(self, clips: int = 24, timed: bool = True, silent: bool = False) -> None:
        self.clips = clips
        self.timed = timed
        self.silent = silent

    def fingerprint(self) -> str:
        return "0" * 64

    def _level(self, split: Split) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng({"train": 0, "val": 1, "test": 2}[split])
        first = rng.uniform(0.3, 0.7, self.clips)
        moves = rng.uniform(-0.1, 0.1, (self.clips, PER_CLIP))
        levels = first[:, None] + np.cumsum(moves, axis=1) - moves
        return levels.ravel(), moves.reshape(-1, 1).astype(np.float32)

    def moments(self, split: Split) -> Moments:
        level, moves = self._level(split)
        count = len(level)
        pictures = np.full((count, 64, 64, 3), 255 * level[:, None, None, None]).astype(np.uint8)
        time_s = np.arange(TIME) / RATE_HZ
        tones = 8000 * np.sin(2 * np.pi * (300 + 3000 * level[:, None]) * time_s)
        body = np.stack([level, level**2, 1 - level, np.ones(count)], axis=1).astype(np.float32)
        clip = np.arange(count) // PER_CLIP if self.timed else np.arange(count)
        heard = np.arange(count) % 4 != 3 if not self.silent else np.zeros(count, bool)
        return Moments(
            clip=clip,
            belongs=clip,
            stored={
                "vision": InMemory(pictures),
                "audio": InMemory(tones.astype(np.int16)),
                "proprioception": InMemory(body),
            },
            present={
                "vision": np.ones(count, bool),
                "audio": heard,
                "proprioception": np.ones(count, bool),
            },
            action=moves if self.timed else None,
            physical=None,
        )

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        level, _ = self._level(split)
        return {"level": ProbeLabel(level, "scalar", np.arange(len(level)) // PER_CLIP)}


class Digits(Glowing):
    """Pictures and tones of four levels, each recorded alone and paired by its level."""

    name = "digits"

    def _level(self, split: Split) -> tuple[np.ndarray, np.ndarray]:
        _, moves = super()._level(split)
        rng = np.random.default_rng({"train": 3, "val": 4, "test": 5}[split])
        return 0.2 * rng.integers(1, 5, len(moves)) + 0.2 * moves[:, 0], moves

    def moments(self, split: Split) -> Moments:
        whole = super().moments(split)
        seen = np.arange(len(whole)) % 2 == 0
        return replace(
            whole,
            clip=np.arange(len(whole)),
            belongs=self.moment_labels(split)["level"].values,
            present={"vision": seen, "audio": ~seen, "proprioception": seen & ~seen},
            action=None,
            apart=True,
        )

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        level, _ = self._level(split)
        classes = np.rint(5 * level).astype(np.int64)
        return {"level": ProbeLabel(classes, "class", np.arange(len(level)))}


def tiny_fusion(**changes: Any) -> Fusion:
    settings: dict[str, Any] = {
        "widths": WIDTHS,
        "n_inner": 16,
        "n_heads": 2,
        "n_layers": 2,
        "n_queries": 2,
        "n_state": 24,
        "n_latent": 8,
        "n_aligned": 8,
    }
    return Fusion(**{**settings, **changes})


def tiny_phase(**changes: Any) -> FusionPhase:
    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "senses": Senses(vision=tiny_vision(), audio=tiny_audio(), proprioception=4),
        "encoder": tiny_fusion(),
        "next_senses": NextSenses(n_latent=8, n_action=1, n_embedded=4, n_hidden=16, widths=WIDTHS),
        "loss_weights": WEIGHTS,
        "temperature": 0.2,
        "optimizer": OptimizerSettings(learning_rate=3e-3),
        "micro_batch": 64,
    }
    return FusionPhase(**{**settings, **changes})


def tiny_data(**changes: Any) -> FusionData:
    settings: dict[str, Any] = {
        "source": Glowing(),
        "effective_batch": 24,
        "seed": 0,
        "drop": 0.3,
        "validation_batches": 2,
    }
    return FusionData(**{**settings, **changes})


def a_batch(phase: FusionPhase, **source: Any) -> FusionBatch:
    """The first one of training."""
    data = tiny_data(source=Glowing(**source))
    data.setup("fit")
    data.pack(phase.senses)
    data.trainer = tiny_trainer(1)
    return data.train_dataloader().step_batch(0)
