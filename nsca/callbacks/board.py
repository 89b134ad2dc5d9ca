"""To TensorBoard with every validation: pictures, spectrograms, histograms."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from nsca.callbacks.batch_pictures import Picture, made, shown

MOST_VALUES = 10_000
"""Of a tensor that a histogram is made from, evenly spaced: all of a large one take seconds."""


class Board(Callback):
    """Writes to TensorBoard; without that logger it does nothing.

    Pictures are of the first validation batch: what was shown once, what the phase makes of it at
    every validation. Histograms are of the parameters that are trained, and of the gradients of the
    last step, clipped.

    Args:
        samples: shown in a picture.

    Raises:
        ValueError: less than one sample.
    """

    def __init__(self, samples: int) -> None:
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples}")
        self.samples = samples
        self._begun = False

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        writers = list(writers_of(trainer))
        if batch_idx > 0 or trainer.sanity_checking or not writers:
            return
        pictures: dict[str, Picture] = made(pl_module, batch, self.samples)
        if not self._begun:
            pictures |= shown(batch, self.samples)
            self._begun = True
        for writer in writers:
            for name, picture in pictures.items():
                writer.add_image(name, picture, trainer.global_step, dataformats="HWC")

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Before a validation: Lightning drops the gradients when it begins."""
        if trainer.global_step % trainer.val_check_batch:
            return
        for writer in writers_of(trainer):
            for name, values in histograms(pl_module):
                writer.add_histogram(name, values, trainer.global_step)


def writers_of(trainer: Trainer) -> Iterator[SummaryWriter]:
    """Yield where TensorBoard's events go; no process but the first one has loggers."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            yield logger.experiment


def histograms(module: torch.nn.Module) -> Iterator[tuple[str, np.ndarray]]:
    """Yield `weights/<parameter>` and `gradients/<parameter>` of what is trained: finite values."""
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        for kind, values in (("weights", parameter), ("gradients", parameter.grad)):
            if values is not None and len(some := _some(values)):
                yield f"{kind}/{name}", some


def _some(values: Tensor) -> np.ndarray:
    flat = values.detach().flatten()
    every = -(-len(flat) // MOST_VALUES)
    some = flat[::every].float().cpu().numpy()
    return some[np.isfinite(some)]
