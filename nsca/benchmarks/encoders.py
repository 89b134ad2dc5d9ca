"""The encoder of a run and its twin: the same architecture with the initial weights of the run's
own seed and no training. Both as functions from stored rows to features.
"""

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from omegaconf import DictConfig

from nsca.assembly import build
from nsca.benchmarks.scores import Encoder
from nsca.data.source import FrameSource, SoundSource
from nsca.errors import UserError
from nsca.models.audio_encoder import AudioEncoder
from nsca.models.sense_encoder import SenseEncoder
from nsca.models.vision_encoder import VisionEncoder

EncoderT = TypeVar("EncoderT", VisionEncoder, AudioEncoder)


def vision_encoder(phase: torch.nn.Module, run: Path) -> VisionEncoder:
    """The part of a phase that turns frames into features.

    Raises:
        UserError: it has none.
    """
    return _encoder(phase, run, VisionEncoder, "vision")


def audio_encoder(phase: torch.nn.Module, run: Path) -> AudioEncoder:
    """The part of a phase that turns sounds into features.

    Raises:
        UserError: it has none.
    """
    return _encoder(phase, run, AudioEncoder, "audio")


def _encoder(phase: torch.nn.Module, run: Path, kind: type[EncoderT], sense: str) -> EncoderT:
    # alone in its own phase, among the senses where all are trained
    whole = getattr(phase, "senses", None)
    encoder = getattr(phase, "encoder", None) if whole is None else getattr(whole, sense)
    if not isinstance(encoder, kind):
        raise UserError(f"{run} has no {sense} encoder", f"give a run of phase={sense}")
    return encoder


def frame_source(source: Any) -> FrameSource:
    """A run's data, as frames.

    Raises:
        UserError: it has no pictures.
    """
    if not isinstance(source, FrameSource):
        raise UserError("the run's data has no pictures", "give a run of phase=vision")
    return source


def sound_source(source: Any) -> SoundSource:
    """A run's data, as sounds.

    Raises:
        UserError: it has no sounds.
    """
    if not isinstance(source, SoundSource):
        raise UserError("the run's data has no sounds", "give a run of phase=audio")
    return source


def untrained_encoder(config: DictConfig, sense: str | None = None) -> Any:
    """The run's encoder with initial weights of the run's seed.

    Args:
        config: of the run.
        sense: whose encoder, where a phase trains several beside its own.
    """
    senses = config.phase.get("senses") if sense else None
    node = config.phase.encoder if senses is None else senses[sense]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(config.seed))
        return build(node).eval()


def frozen(encoder: SenseEncoder) -> Encoder:
    """The encoder as a function from stored rows to features, without gradient.

    The function raises UserError where a feature is not finite: probes of such features would be
    left out one by one, and the table would look as if there had been nothing to judge.

    Args:
        encoder: in eval mode.
    """

    def encode(rows: np.ndarray) -> np.ndarray:
        features = encoder.embed_stored(torch.from_numpy(np.ascontiguousarray(rows))).numpy()
        if not np.isfinite(features).all():
            raise UserError(
                "features of the encoder are not finite: its training diverged",
                "train again with a smaller learning rate",
            )
        return features

    return encode
