"""A small audio phase on tones: the parts that several tests need."""

from typing import Any

import numpy as np
import torch

from nsca.data.sound_augmentation import SoundAugmentation
from nsca.data.source import ProbeLabel, Sounds, Split
from nsca.models.audio_encoder import AudioEncoder
from nsca.models.log_mel import RATE_HZ
from nsca.models.mel_decoder import MelDecoder
from nsca.models.projector import Projector
from nsca.phases.audio.data import AudioData
from nsca.phases.audio.module import AudioPhase
from nsca.phases.optimizer import OptimizerSettings

WEIGHTS = {"nt_xent": 1.0, "variance": 1.0, "covariance": 0.04, "reconstruction": 1.0}
PITCHES_HZ = (300.0, 900.0, 2700.0)
BANDS = 16
TIME = RATE_HZ // 4  # samples


class DyingTones:
    """Tones of three pitches that die away, in noise; each sound has a loudness and a start."""

    name = "dying_tones"
    held_out: tuple[Split, ...] = ("val",)

    def __init__(self, count: int = 96) -> None:
        self.count = count

    def fingerprint(self) -> str:
        return "0" * 64

    def sounds(self, split: Split) -> Sounds:
        rng = np.random.default_rng({"train": 0, "val": 1, "test": 2}[split])
        time_s = np.arange(TIME) / RATE_HZ
        start_s = rng.uniform(0, 0.1, self.count)[:, None]
        loudness = rng.uniform(2000, 12000, self.count)[:, None]
        pitch = np.array(PITCHES_HZ)[np.arange(self.count) % 3][:, None]
        heard = np.where(time_s > start_s, np.exp(-30 * (time_s - start_s)), 0.0)
        tones = loudness * heard * np.sin(2 * np.pi * pitch * time_s)
        return Sounds((tones + rng.normal(0, 50, tones.shape)).astype(np.int16))

    def sound_labels(self, split: Split) -> dict[str, ProbeLabel]:
        return {"pitch": ProbeLabel(np.arange(self.count) % 3, "class", np.arange(self.count))}


def tiny_encoder(**changes: Any) -> AudioEncoder:
    settings: dict[str, Any] = {
        "bands": BANDS,
        "channels": [8, 8, 16, 16],
        "blocks": [1, 1, 1, 1],
        "readout_channels": 8,
        "n_out": 32,
        "with_gist": False,
    }
    return AudioEncoder(**{**settings, **changes})


def tiny_phase(**changes: Any) -> AudioPhase:
    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "encoder": tiny_encoder(),
        "projector": Projector(32, 32, 16),
        "decoder": MelDecoder(32, 32, BANDS, 5),
        "loss_weights": WEIGHTS,
        "temperature": 0.2,
        "optimizer": OptimizerSettings(learning_rate=3e-3),
        "micro_batch": 64,
    }
    return AudioPhase(**{**settings, **changes})


def tiny_data(**changes: Any) -> AudioData:
    settings: dict[str, Any] = {
        "source": DyingTones(),
        "effective_batch": 32,
        "seed": 0,
        "augmentation": SoundAugmentation(shift_s=0.02),
        "bands": BANDS,
        "validation_batches": 2,
    }
    return AudioData(**{**settings, **changes})
