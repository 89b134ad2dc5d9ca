"""What data sources, phases and probes hand to each other: the contract between them.

A *source* gives frames and, to probes alone, labels. A *batch* is what one optimiser step sees; its
first dimension counts samples, so that gradient caching can cut it into micro-batches.
"""

from dataclasses import dataclass, fields, replace
from typing import Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int16, UInt8
from torch import Tensor

Split = Literal["train", "val", "test"]
"""Babbling: train and val are set A (val: held-out instances), test is set B. Folders: as named."""


@dataclass(frozen=True)
class Frames:
    """Pictures of one split.

    Attributes:
        images: RGB, 0..255.
        clip: number of the clip that a frame belongs to; the frames of a clip are adjacent and in
            time order. A picture without time is a clip of its own.
    """

    images: UInt8[np.ndarray, "frame height width 3"]
    clip: Int[np.ndarray, " frame"]

    def __post_init__(self) -> None:
        if len(self.images) != len(self.clip):
            raise ValueError(f"{len(self.images)} images but {len(self.clip)} clip numbers")

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Sounds:
    """Sounds of one split, all of one length.

    Attributes:
        samples: mono at 16 kHz, 16 bits.
    """

    samples: Int16[np.ndarray, "sound time"]

    def __len__(self) -> int:
        return len(self.samples)


@dataclass(frozen=True)
class ProbeLabel:
    """One labelled quantity, for probes only: no loss ever sees it.

    Attributes:
        values: [frame]; numbers of classes or a scalar, NaN where it has no meaning.
        kind: how it is probed.
        group: [frame] object identity; a group is never split between fitting and scoring.
    """

    values: np.ndarray
    kind: Literal["class", "scalar"]
    group: np.ndarray


@runtime_checkable
class FrameSource(Protocol):
    """A `data=` choice for the vision phase. Constructors are light, loading is lazy.

    Attributes:
        name: as in `conf/data/<name>.yaml`.
        has_time: whether neighbouring frames of one clip exist.
        held_out: the splits that nothing is trained on.
    """

    name: str
    has_time: bool

    @property
    def held_out(self) -> tuple[Split, ...]: ...

    def fingerprint(self) -> str:
        """Return the sha256 (hex) of the manifest or the files."""
        ...

    def frames(self, split: Split) -> Frames:
        """Return every frame of a split. Raises UserError where data is missing or malformed."""
        ...

    def probe_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """Return the labels of `frames(split)`, for online probes and benchmarks alone."""
        ...


@runtime_checkable
class SoundSource(Protocol):
    """A `data=` choice for the audio phase. Constructors are light, loading is lazy.

    Attributes:
        name: as in `conf/data/<name>.yaml`.
        held_out: the splits that nothing is trained on.
    """

    name: str

    @property
    def held_out(self) -> tuple[Split, ...]: ...

    def fingerprint(self) -> str:
        """Return the sha256 (hex) of the manifest or the files."""
        ...

    def sounds(self, split: Split) -> Sounds:
        """Return every sound of a split. Raises UserError where data is missing or malformed."""
        ...

    def sound_labels(self, split: Split) -> dict[str, ProbeLabel]:
        """Return the labels of `sounds(split)`, for online probes and benchmarks alone."""
        ...


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
    """Sounds of one optimiser step, before augmentation.

    Attributes:
        samples: 16 bits at 16 kHz.
        step: as in FrameBatch.
    """

    samples: Int16[Tensor, "batch time"]
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
        pictures: RGB, 0..255; None where nothing was seen, like `heard` and `body`. What a missing
            sense's rows hold means nothing.
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
