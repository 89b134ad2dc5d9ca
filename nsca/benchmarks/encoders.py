"""The encoder of a run and its twin: the same architecture with the initial weights of the run's
own seed and no training. Both as functions from stored frames to features.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig

from nsca.assembly import build
from nsca.benchmarks.scores import Encoder
from nsca.data.batch import FrameSource
from nsca.errors import UserError
from nsca.models.vision_encoder import VisionEncoder


def vision_encoder(phase: torch.nn.Module, run: Path) -> VisionEncoder:
    """The part of a phase that turns frames into features.

    Raises:
        UserError: it has none.
    """
    encoder = getattr(phase, "encoder", None)
    if not isinstance(encoder, VisionEncoder):
        raise UserError(f"{run} has no vision encoder", "give a run of phase=vision")
    return encoder


def frame_source(source: Any) -> FrameSource:
    """A run's data, as frames.

    Raises:
        UserError: it has no pictures.
    """
    if not isinstance(source, FrameSource):
        raise UserError("the run's data has no pictures", "give a run of phase=vision")
    return source


def untrained_encoder(config: DictConfig) -> VisionEncoder:
    """The run's encoder with initial weights of the run's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(config.seed))
        return build(config.model.vision).eval()


def frozen(encoder: VisionEncoder) -> Encoder:
    """The encoder as a function from stored frames to features, without gradient.

    The function raises UserError where a feature is not finite: probes of such features would be
    left out one by one, and the table would look as if there had been nothing to judge.
    """
    encoder.eval()

    def encode(images: np.ndarray) -> np.ndarray:
        features = encoder.embed_frames(torch.from_numpy(np.ascontiguousarray(images))).numpy()
        if not np.isfinite(features).all():
            raise UserError(
                "features of the encoder are not finite: its training diverged",
                "train again with a smaller learning rate",
            )
        return features

    return encode
