"""Frames in, augmented views out: one item of the training loader is one optimiser step.

Frames stay uint8 until they are on the device, where the views are made in one go. Which frames a
step sees, and how they are augmented, is a pure function of (seed, step): a resumed run continues
with the batch that it would have seen.
"""

from collections.abc import Callable

import numpy as np
import torch
from lightning import LightningDataModule, Trainer

from nsca.data.augmentation import AugmentationSettings, augment, draw_parameters
from nsca.data.batch import (
    FrameBatch,
    Frames,
    FrameSource,
    ProbeLabel,
    Split,
    VisionBatch,
)
from nsca.data.sample_order import clip_bounds, neighbours, sample_order, steps_per_epoch
from nsca.data.step_loader import VALIDATION_SEED_OFFSET, StepLoader
from nsca.errors import UserError


class FrameSteps(StepLoader[FrameBatch]):
    """The frames of each step, and their neighbours in time.

    Args:
        frames: of one split.
        has_time: whether batches carry a neighbour in time.
        reach: how many frames away a neighbour may be.
        seed: of the run.
        batch: the effective batch.
        steps, first_step: see `StepLoader`.
        repeats: whether every epoch shows the batches of the first one (overfitting on purpose,
            validation).
    """

    def __init__(
        self,
        frames: Frames,
        *,
        has_time: bool,
        reach: int,
        seed: int,
        batch: int,
        steps: int,
        first_step: Callable[[], int],
        repeats: bool,
    ) -> None:
        super().__init__(steps, first_step)
        self._frames = frames
        self._bounds = clip_bounds(frames.clip) if has_time else None
        self._reach = reach
        self._seed = seed
        self._batch = batch
        self._repeats = repeats

    def step_batch(self, step: int) -> FrameBatch:
        """Return the frames of one step."""
        drawn = step % self._steps if self._repeats else step
        order = sample_order(self._seed, drawn, len(self._frames), self._batch)
        near = None
        if self._bounds is not None:
            near = neighbours(self._seed, drawn, order, self._bounds, self._reach)
        return FrameBatch(
            frames=_channel_first(self._frames.images, order),
            neighbour=None if near is None else _channel_first(self._frames.images, near),
            step=step,
        )


def _channel_first(images: np.ndarray, chosen: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images[chosen]).permute(0, 3, 1, 2).contiguous()


class VisionData(LightningDataModule):
    """Batches of frames for the vision phase.

    Args:
        source: where frames come from: a FrameSource.
        effective_batch: samples an optimiser step, whatever the hardware holds at once.
        seed: of the run.
        augmentation: ranges of the views.
        neighbour_reach: how many frames away a temporal neighbour may be.
        validation_batches: at most so many batches of the validation split are scored.

    Raises:
        UserError: the source has no pictures.
    """

    def __init__(
        self,
        *,
        source: object,
        effective_batch: int,
        seed: int,
        augmentation: AugmentationSettings,
        neighbour_reach: int,
        validation_batches: int,
    ) -> None:
        super().__init__()
        if effective_batch < 2:
            raise ValueError(f"effective_batch must be at least 2, got {effective_batch}")
        if not isinstance(source, FrameSource):
            raise UserError(
                f"data={getattr(source, 'name', source)} has no pictures",
                "choose data=babbling, data=image_folder or data=custom_folder",
            )
        self.source = source
        self.effective_batch = effective_batch
        self.seed = seed
        self.augmentation = augmentation
        self.neighbour_reach = neighbour_reach
        self.validation_batches = validation_batches
        self._frames: dict[Split, Frames] = {}

    def frames(self, split: Split) -> Frames:
        """Return a split's frames, loaded once. Raises UserError as the source does."""
        if split not in self._frames:
            self._frames[split] = self.source.frames(split)
        return self._frames[split]

    def shown(self, split: Split) -> tuple[np.ndarray, dict[str, ProbeLabel]]:
        """Return frames and their labels, for online probes."""
        return self.frames(split).images, self.source.probe_labels(split)

    def setup(self, stage: str) -> None:
        """Load both splits. Raises UserError where the training split does not fill a batch."""
        n_frames = len(self.frames("train"))
        if n_frames < self.effective_batch:
            raise UserError(
                f"{self.source.name} has {n_frames} training frames, fewer than the effective "
                f"batch of {self.effective_batch}",
                f"set effective_batch={max(2, n_frames)} or less, or add frames",
            )
        if len(self.frames("val")) < 2:
            raise UserError(
                f"{self.source.name} has fewer than 2 validation frames",
                "add frames to the validation split",
            )

    def train_dataloader(self) -> FrameSteps:
        trainer = self._trainer()
        frames = self.frames("train")
        steps = steps_per_epoch(len(frames), self.effective_batch)
        overfit = trainer.overfit_batches
        if overfit:
            steps = min(steps, overfit if overfit >= 1 else max(1, int(steps * overfit)))
        return self._loader(
            frames,
            seed=self.seed,
            batch=self.effective_batch,
            steps=int(steps),
            first_step=lambda: trainer.global_step,
            repeats=bool(overfit),
        )

    def val_dataloader(self) -> FrameSteps:
        frames = self.frames("val")
        batch = min(self.effective_batch, len(frames))
        return self._loader(
            frames,
            seed=self.seed + VALIDATION_SEED_OFFSET,
            batch=batch,
            steps=min(self.validation_batches, steps_per_epoch(len(frames), batch)),
            first_step=lambda: 0,
            repeats=True,
        )

    def _loader(
        self,
        frames: Frames,
        *,
        seed: int,
        batch: int,
        steps: int,
        first_step: Callable[[], int],
        repeats: bool,
    ) -> FrameSteps:
        return FrameSteps(
            frames,
            has_time=self.source.has_time,
            reach=self.neighbour_reach,
            seed=seed,
            batch=batch,
            steps=steps,
            first_step=first_step,
            repeats=repeats,
        )

    def _trainer(self) -> Trainer:
        if self.trainer is None:
            raise RuntimeError("the data module is not attached to a Trainer")
        return self.trainer

    def on_after_batch_transfer(self, batch: FrameBatch, dataloader_idx: int) -> VisionBatch:
        """Make the views on the device."""
        seed = self.seed if self._trainer().training else self.seed + VALIDATION_SEED_OFFSET
        return make_views(batch, self.augmentation, seed)


def make_views(batch: FrameBatch, settings: AugmentationSettings, seed: int) -> VisionBatch:
    """Return two views of each frame and one of its neighbour, a pure function of (seed, step)."""

    def view(frames: torch.Tensor, number: int) -> torch.Tensor:
        parameters = draw_parameters(
            settings, seed=seed, step=batch.step, view=number, samples=len(frames)
        )
        return augment(frames, parameters)

    return VisionBatch(
        first=view(batch.frames, 0),
        second=view(batch.frames, 1),
        neighbour=None if batch.neighbour is None else view(batch.neighbour, 2),
        step=batch.step,
    )
