"""What a source of data gives: frames, sounds and, to probes alone, labels."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int, Int16, UInt8

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
