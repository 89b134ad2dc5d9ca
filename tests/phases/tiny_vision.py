"""A small vision phase on moving shapes: the parts that several tests need."""

from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer

from nsca.data.augmentation import AugmentationSettings
from nsca.data.source import Frames, ProbeLabel, Split
from nsca.models.projector import Projector
from nsca.models.vision_encoder import VisionEncoder
from nsca.phases.optimizer import OptimizerSettings
from nsca.phases.vision.data import VisionData
from nsca.phases.vision.module import VisionPhase

WEIGHTS = {"nt_xent": 1.0, "variance": 1.0, "covariance": 0.04, "temporal": 0.1}
SHAPES = 3


class MovingShapes:
    """Squares, bars and crosses that drift over a noisy ground; clips of 8 frames."""

    name = "moving_shapes"
    held_out: tuple[Split, ...] = ("val", "test")

    def __init__(self, clips: int = 24, has_time: bool = True) -> None:
        self.clips = clips
        self.has_time = has_time

    def fingerprint(self) -> str:
        return "0" * 64

    def frames(self, split: Split) -> Frames:
        rng = np.random.default_rng({"train": 0, "val": 1, "test": 2}[split])
        images = rng.integers(60, 90, (self.clips * 8, 64, 64, 3), dtype=np.uint8)
        for clip in range(self.clips):
            colour = rng.integers(120, 256, 3)
            start, speed = rng.integers(8, 40, 2), rng.integers(-1, 2, 2)
            for t in range(8):
                top, left = start + t * speed
                image = images[clip * 8 + t]
                for height, width, down, right in _PARTS[clip % SHAPES]:
                    y, x = top + down, left + right
                    image[max(y, 0) : y + height, max(x, 0) : x + width] = colour
        return Frames(images, np.repeat(np.arange(self.clips), 8))

    def probe_labels(self, split: Split) -> dict[str, ProbeLabel]:
        clip = np.repeat(np.arange(self.clips), 8)
        return {"shape": ProbeLabel(clip % SHAPES, "class", clip)}


_PARTS = (((14, 14, 0, 0),), ((4, 20, 4, 0),), ((16, 4, 0, 6), (4, 16, 6, 0)))


def tiny_encoder(**changes: Any) -> VisionEncoder:
    settings: dict[str, Any] = {
        "channels": [8, 8, 16, 16],
        "blocks": [1, 1, 1, 1],
        "readout_channels": 8,
        "n_out": 32,
        "stride": 4,
        "image_size": 64,
        "with_gist": False,
        "gabor": "frozen",
        "colour": "frozen",
        "depth": "frozen",
    }
    return VisionEncoder(**{**settings, **changes})


def tiny_phase(**changes: Any) -> VisionPhase:
    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "encoder": tiny_encoder(),
        "projector": Projector(32, 32, 16),
        "loss_weights": WEIGHTS,
        "temperature": 0.2,
        "optimizer": OptimizerSettings(learning_rate=3e-3),
        "micro_batch": 64,
    }
    return VisionPhase(**{**settings, **changes})


def tiny_data(**changes: Any) -> VisionData:
    settings: dict[str, Any] = {
        "source": MovingShapes(),
        "effective_batch": 32,
        "seed": 0,
        "augmentation": AugmentationSettings(),
        "neighbour_reach": 2,
        "validation_batches": 2,
    }
    return VisionData(**{**settings, **changes})


def tiny_trainer(max_steps: int, **changes: Any) -> Trainer:
    settings: dict[str, Any] = {
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_model_summary": False,
        "enable_progress_bar": False,
        "log_every_n_steps": 1,
        "check_val_every_n_epoch": None,
        "val_check_interval": max_steps,
        "num_sanity_val_steps": 0,
    }
    return Trainer(max_steps=max_steps, **{**settings, **changes})
