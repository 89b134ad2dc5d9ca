"""A small full phase on a thing that is pushed about, seen, heard and felt: shared by tests."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from phases.tiny_audio import BANDS, TIME
from phases.tiny_dynamics import AHEAD, PAST, Pushed, imagining
from phases.tiny_fusion import WIDTHS

from nsca.data.augmentation import AugmentationSettings
from nsca.data.moments import InMemory, Moments
from nsca.data.sound_augmentation import SoundAugmentation
from nsca.data.source import ProbeLabel, Split
from nsca.models.log_mel import RATE_HZ
from nsca.models.mel_decoder import MelDecoder
from nsca.models.next_senses import NextSenses
from nsca.models.projector import Projector
from nsca.phases.full.data import FullData
from nsca.phases.full.module import TERMS, FullPhase
from nsca.phases.optimizer import OptimizerSettings

SMALL = {"contribution": 1e-3, "covariance": 0.04, "calibration": 0.1}
WEIGHTS = {term: SMALL.get(term.partition("_")[2], 1.0) for term in TERMS}


class Witnessed(Pushed):
    """The thing is a light square, and the higher a tone the faster it is; every fourth moment is
    silent.

    Args:
        clips: of each split.
        lacking: senses of which nothing was recorded.
    """

    name = "witnessed"

    def __init__(self, clips: int = 12, lacking: Collection[str] = ()) -> None:
        super().__init__(clips)
        self.lacking = lacking

    def moments(self, split: Split) -> Moments:
        whole = super().moments(split)
        count, physical = len(whole), whole.physical
        corners = np.clip(24 + 100 * physical[:, :2], 0, 48).astype(int)
        pictures = np.zeros((count, 64, 64, 3), np.uint8)
        for picture, (row, column) in zip(pictures, corners, strict=True):
            picture[row : row + 16, column : column + 16] = 200
        speed = np.linalg.norm(physical[:, 3:], axis=1, keepdims=True)
        tones = 8000 * np.sin(2 * np.pi * (300 + 1000 * speed) * np.arange(TIME) / RATE_HZ)
        there = np.ones(count, bool)
        stored = {"vision": InMemory(pictures), "audio": InMemory(tones.astype(np.int16))}
        present = {"vision": there, "audio": np.arange(count) % 4 != 3}
        senses = {sense for sense in stored if sense not in self.lacking}
        return replace(
            whole,
            stored=dict(whole.stored) | {sense: stored[sense] for sense in senses},
            present=dict(whole.present) | {sense: present[sense] for sense in senses},
        )

    def moment_labels(self, split: Split) -> dict[str, ProbeLabel]:
        whole = super().moments(split)
        speed = np.linalg.norm(whole.physical[:, 3:], axis=1)
        values = {"row": whole.physical[:, 0], "speed": speed}
        return {name: ProbeLabel(each, "scalar", whole.clip) for name, each in values.items()}


def tiny_phase(**changes: Any) -> FullPhase:
    torch.manual_seed(0)
    return FullPhase(
        **imagining(
            changes,
            projector=Projector(32, 32, 16),
            audio_projector=Projector(32, 32, 16),
            decoder=MelDecoder(32, 32, BANDS, 5),
            next_senses=NextSenses(
                n_latent=8, n_action=3, n_embedded=4, n_hidden=16, widths=WIDTHS
            ),
            loss_weights=WEIGHTS,
            temperature=0.2,
            optimizer=OptimizerSettings(learning_rate=3e-3, rates={"senses": 0.5}),
            micro_batch=16,
        )
    )


def tiny_data(**changes: Any) -> FullData:
    settings: dict[str, Any] = {
        "source": Witnessed(),
        "past": PAST,
        "ahead": AHEAD,
        "drop": 0.3,
        "augmentation": AugmentationSettings(),
        "sound_augmentation": SoundAugmentation(shift_s=0.02),
        "bands": BANDS,
        "effective_batch": 12,
        "seed": 0,
        "validation_batches": 1,
    }
    return FullData(**{**settings, **changes})
