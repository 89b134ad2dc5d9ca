"""What data modules, phases and views hand to each other.

A *batch* is what one optimiser step sees; its first dimension counts samples, so that gradient
caching can cut it into micro-batches.
"""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch
from jaxtyping import Bool, Float, Int, Int16, UInt8
from torch import Tensor

BatchT = TypeVar("BatchT", bound="Batch")  # typing.Self is refused by the tests' type checker


@dataclass(frozen=True)
class Batch:
    """Base of all batches: every tensor field has one row a sample, other fields are shared."""

    def __len__(self) -> int:
        return next(len(v) for v in self.tensors().values())

    def tensors(self) -> dict[str, Tensor]:
        """Return the fields that are tensors, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, Tensor)}

    def slice(self: BatchT, start: int, stop: int) -> BatchT:
        """Return the samples start..stop-1 as a batch of the same kind."""
        return replace(self, **{name: value[start:stop] for name, value in self.tensors().items()})

    def take(self: BatchT, rows: Int[Tensor, " row"]) -> BatchT:
        """Return these samples, in this order."""
        return replace(self, **{name: value[rows] for name, value in self.tensors().items()})

    def to(self: BatchT, device: torch.device) -> BatchT:
        """Return the batch on a device (Lightning's transfer calls this)."""
        moved = {n: v.to(device, non_blocking=True) for n, v in self.tensors().items()}
        return replace(self, **moved)


@dataclass(frozen=True)
class FrameBatch(Batch):
    """Raw frames of one optimiser step, before augmentation.

    Attributes:
        frames: RGB, 0..255, channel first.
        neighbour: a frame close in time from the same clip; None where the source has no time.
        step: optimiser step (training) or batch number (validation): with the seed it decides the
            augmentation.
    """

    frames: UInt8[Tensor, "batch 3 height width"]
    neighbour: UInt8[Tensor, "batch 3 height width"] | None
    step: int


@dataclass(frozen=True)
class VisionBatch(Batch):
    """Augmented views, RGB in 0..1.

    Attributes:
        first: one view of the frame.
        second: another view of the same frame.
        neighbour: a view of a frame close in time; None where the source has no time.
        step: as in FrameBatch.
    """

    first: Float[Tensor, "batch 3 height width"]
    second: Float[Tensor, "batch 3 height width"]
    neighbour: Float[Tensor, "batch 3 height width"] | None
    step: int


@dataclass(frozen=True)
class SoundBatch(Batch):
    """Spectrograms of the sounds of one optimiser step, before augmentation.

    Attributes:
        mel: power in mel bands.
        step: as in FrameBatch.
    """

    mel: Float[Tensor, "batch band frame"]
    step: int


@dataclass(frozen=True)
class AudioBatch(Batch):
    """Log-mel spectrograms, about -1..1.

    Attributes:
        first: one view of the sound.
        second: another view of the same sound.
        clean: the sound itself.
        step: as in FrameBatch.
    """

    first: Float[Tensor, "batch band frame"]
    second: Float[Tensor, "batch band frame"]
    clean: Float[Tensor, "batch band frame"]
    step: int


@dataclass(frozen=True)
class FusionBatch(Batch):
    """Moments and what comes after them, as packed, scaled features of frozen encoders.

    Attributes:
        now: of the moment.
        there: which senses the moment has.
        kept: which of them are listened to; at least one where there is any.
        belongs: see `nsca.data.moments.Moments`.
        action: what is done until the next moment; None where the source has no time, like `later`
            and `later_there`.
        later: of the next moment.
        later_there: which senses that has.
        step: as in FrameBatch.
    """

    now: Float[Tensor, "batch width"]
    there: Bool[Tensor, "batch sense"]
    kept: Bool[Tensor, "batch sense"]
    belongs: Int[Tensor, " batch"]
    action: Float[Tensor, "batch number"] | None
    later: Float[Tensor, "batch width"] | None
    later_there: Bool[Tensor, "batch sense"] | None
    step: int


@dataclass(frozen=True)
class DynamicsBatch(Batch):
    """Stretches of moments, equally far apart in time.

    Attributes:
        latent: of the fused state.
        physical: SI units; see `nsca.data.moments.Moments`.
        action: what is done from a moment to the next one, in real units.
        step: as in FrameBatch.
    """

    latent: Float[Tensor, "batch moment latent"]
    physical: Float[Tensor, "batch moment quantity"]
    action: Float[Tensor, "batch moment number"]
    step: int


@dataclass(frozen=True)
class StretchBatch(Batch):
    """Stretches of moments as they were recorded, equally far apart in time.

    Attributes:
        pictures: RGB, 0..255; None where nothing was seen, like `heard` and `body`. The rows of a
            missing sense hold 0, which means nothing.
        heard: what was just heard at each moment, 16 bits at 16 kHz.
        body: readings of body and touch.
        there: which senses each moment has.
        kept: which of them are listened to where some are left out on purpose.
        physical, action: see DynamicsBatch.
        step: as in FrameBatch.
        first, second, neighbour: see VisionBatch, of one moment of each stretch; None before they
            are made, and without pictures.
        first_sound, second_sound, clean_sound: see AudioBatch, of what is heard last; None before
            they are made, and without sounds.
    """

    pictures: UInt8[Tensor, "batch moment height width 3"] | None
    heard: Int16[Tensor, "batch moment time"] | None
    body: Float[Tensor, "batch moment reading"] | None
    there: Bool[Tensor, "batch moment sense"]
    kept: Bool[Tensor, "batch sense"]
    physical: Float[Tensor, "batch moment quantity"]
    action: Float[Tensor, "batch moment number"]
    step: int
    first: Float[Tensor, "batch 3 height width"] | None = None
    second: Float[Tensor, "batch 3 height width"] | None = None
    neighbour: Float[Tensor, "batch 3 height width"] | None = None
    first_sound: Float[Tensor, "batch band frame"] | None = None
    second_sound: Float[Tensor, "batch band frame"] | None = None
    clean_sound: Float[Tensor, "batch band frame"] | None = None


@dataclass(frozen=True)
class TaskBatch(DynamicsBatch):
    """Stretches of moments of one stage of a stream of tasks, and replayed ones of any stage.

    Attributes:
        task: number in the stream's `tasks`.
        replayed: whether the stretch is one that was stored.
    """

    task: Int[Tensor, " batch"]
    replayed: Bool[Tensor, " batch"]
