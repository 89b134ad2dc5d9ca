"""Frames in, augmented views out: one item of the training loader is one optimiser step.

Frames stay uint8 until they are on the device, where the views are made in one go. Which frames a
step sees, and how they are augmented, is a pure function of (seed, step): a resumed run continues
with the batch that it would have seen.
"""

import numpy as np
import torch
from jaxtyping import Float, Int64

from nsca.data.augmentation import AugmentationSettings
from nsca.data.batch import FrameBatch, VisionBatch
from nsca.data.curriculum import Curriculum, picture_motion
from nsca.data.sample_order import clip_bounds, neighbours
from nsca.data.source import Frames, FrameSource, ProbeLabel, Split
from nsca.data.step_loader import Epoch, StepLoader
from nsca.data.views import make_views
from nsca.errors import UserError
from nsca.phases.step_data import StepData


class FrameSteps(StepLoader[FrameBatch]):
    """The frames of each step, and their neighbours in time.

    Args:
        frames: of one split.
        epoch: how they are drawn.
        has_time: whether batches carry a neighbour in time.
        reach: how many frames away a neighbour may be.
    """

    def __init__(self, frames: Frames, epoch: Epoch, *, has_time: bool, reach: int) -> None:
        super().__init__(len(frames), epoch)
        self._images = frames.images
        self._bounds = clip_bounds(frames.clip) if has_time else None
        self._reach = reach

    def gather(self, rows: Int64[np.ndarray, " batch"], drawn: int, step: int) -> FrameBatch:
        near = None
        if self._bounds is not None:
            near = neighbours(self.epoch.seed, drawn, rows, self._bounds, self._reach)
        return FrameBatch(
            frames=_channel_first(self._images, rows),
            neighbour=None if near is None else _channel_first(self._images, near),
            step=step,
        )


def _channel_first(images: np.ndarray, chosen: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images[chosen]).permute(0, 3, 1, 2).contiguous()


class VisionData(StepData[Frames]):
    """Batches of frames for the vision phase.

    Args:
        source: where frames come from: a FrameSource.
        effective_batch, seed, validation_batches, curriculum: see `StepData`.
        augmentation: ranges of the views.
        neighbour_reach: how many frames away a temporal neighbour may be.

    Raises:
        UserError: the source has no pictures.
    """

    rows = "frames"

    def __init__(
        self,
        *,
        source: object,
        effective_batch: int,
        seed: int,
        augmentation: AugmentationSettings,
        neighbour_reach: int,
        validation_batches: int,
        curriculum: Curriculum | None = None,
    ) -> None:
        if not isinstance(source, FrameSource):
            raise UserError(
                f"data={getattr(source, 'name', source)} has no pictures",
                "choose data=babbling, data=image_folder, data=video_folder or data=custom_folder",
            )
        super().__init__(source.name, effective_batch, seed, validation_batches, curriculum)
        self.source = source
        self.augmentation = augmentation
        self.neighbour_reach = neighbour_reach

    def load(self, split: Split) -> Frames:
        return self.source.frames(split)

    def difficulty(self, stored: Frames) -> Float[np.ndarray, " row"]:
        """How much moves. Raises UserError for pictures without time."""
        if not self.source.has_time:
            return super().difficulty(stored)
        return picture_motion(stored.images, stored.clip)

    def loader(self, stored: Frames, epoch: Epoch) -> FrameSteps:
        return FrameSteps(stored, epoch, has_time=self.source.has_time, reach=self.neighbour_reach)

    def shown(self, split: Split) -> tuple[np.ndarray, dict[str, ProbeLabel]]:
        """Return frames and their labels, for online probes."""
        return self.stored(split).images, self.source.probe_labels(split)

    def on_after_batch_transfer(self, batch: FrameBatch, dataloader_idx: int) -> VisionBatch:
        """Make the views on the device."""
        return make_views(batch, self.augmentation, self.view_seed())
