"""A model of one weight whose validation figures are given."""

from collections.abc import Sequence
from pathlib import Path

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.utils.data import DataLoader

from nsca.callbacks.checkpointing import Checkpointing, CheckpointSettings, Origin, StopRequest
from nsca.checkpoint import SafeCheckpointIO


class Line(LightningModule):
    """Logs the figures that it is given; its weight falls by 0.01 times the batch every step."""

    def __init__(self, figures: list[float]) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.figures = list(figures)
        self.steps_taken = 0
        self.validated: list[float] = []

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        self.steps_taken += 1
        return (self.weight * batch).sum()

    def validation_step(self, batch: torch.Tensor, batch_idx: int) -> None:
        if batch_idx == 0:
            self.validated.append(self.weight.item())
            self.log("val/loss", self.figures.pop(0), batch_size=1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def fit_line(
    run: Path,
    model: Line,
    callbacks: Sequence[Callback],
    checkpoint: Path | None = None,
    max_steps: int = 20,
) -> None:
    """Train with a validation every 5 steps and a checkpoint every 4."""
    settings = CheckpointSettings(
        every_steps=4, keep_last=2, keep_best=1, monitor="val/loss", mode="min"
    )
    saving = Checkpointing(run, settings, Origin("a.Line", "f", {}), StopRequest())
    trainer = Trainer(
        accelerator="cpu",
        max_steps=max_steps,
        val_check_interval=5,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        logger=False,
        callbacks=[saving, *callbacks],
        plugins=[SafeCheckpointIO()],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=run,
    )
    numbers = DataLoader(torch.ones(40), batch_size=1)
    trainer.fit(model, numbers, DataLoader(torch.arange(2.0)), ckpt_path=checkpoint)
