"""A curriculum in thirds: the easiest third of the rows, then two thirds, then all of them.

Bengio et al. (2009, "Curriculum learning") order samples by difficulty and let the harder ones in
step by step. Which rows a step sees stays a function of (seed, step): nothing has to be saved.

What counts as difficult is a judgement: pictures and moments in which much moves, sounds that are
hardly louder than silence. Whether it helps is a question to the data (`experiments/LOG.md`).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int, Int16, Int64, UInt8

from nsca.data.moments import SPEEDS
from nsca.data.sample_order import clip_bounds, sample_order, steps_per_epoch
from nsca.models.log_mel import FULL_SCALE

SILENCE = 1.0
"""Root mean square, in steps of 16 bits, below which a sound is as quiet as can be."""


@dataclass(frozen=True)
class Curriculum:
    """Whether the rows come in by difficulty, and how slowly.

    Args:
        enabled: false shows all rows from the first step.
        epochs: of the easiest third, and then of the easier two thirds, before all are shown.

    Raises:
        ValueError: less than one epoch.
    """

    enabled: bool = False
    epochs: int = 20

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"a curriculum needs at least 1 epoch a third, got {self.epochs}")


@dataclass(frozen=True)
class Thirds:
    """The rows of every step under a curriculum.

    Attributes:
        easiest_first: all rows.
        epochs: see `Curriculum`.
    """

    easiest_first: Int64[np.ndarray, " row"]
    epochs: int

    def rows(self, seed: int, step: int, batch: int) -> Int64[np.ndarray, " batch"]:
        """Return the rows of a step (see `sample_order`, which this is within each part)."""
        left = step
        for thirds in (1, 2):
            count = len(self.easiest_first) * thirds // 3
            steps = self.epochs * steps_per_epoch(count, batch)
            if left < steps:
                return self.easiest_first[sample_order(seed, left, count, batch)]
            left -= steps
        return sample_order(seed, left, len(self.easiest_first), batch)


def in_thirds(difficulty: Float[np.ndarray, " row"], curriculum: Curriculum) -> Thirds:
    """Return the order of rows of this difficulty; equally difficult ones stay as they come."""
    return Thirds(np.argsort(difficulty, kind="stable"), curriculum.epochs)


def picture_motion(
    images: UInt8[np.ndarray, "frame height width 3"], clip: Int[np.ndarray, " frame"]
) -> Float[np.ndarray, " frame"]:
    """Return how much each picture differs from the one before it, or at the start of its clip from
    the one after: mean absolute difference in grey levels, 0 to 255. Alone in its clip: 0.
    """
    first, last = clip_bounds(clip)
    frames = np.arange(len(images))
    other = np.where(frames > first, frames - 1, np.minimum(frames + 1, last))
    pairs = zip(images, images[other], strict=True)
    return np.array([np.abs(a.astype(np.int16) - b).mean() for a, b in pairs])


def quietness(samples: Int16[np.ndarray, "sound time"]) -> Float[np.ndarray, " sound"]:
    """Return how far below full scale each sound's root mean square is, in dB."""
    level = np.array([np.sqrt(np.square(sound, dtype=np.float64).mean()) for sound in samples])
    return 20 * np.log10(FULL_SCALE / np.maximum(level, SILENCE))


def body_motion(
    physical: Float32[np.ndarray, "moment quantity"],
) -> Float[np.ndarray, " moment"]:
    """Return how fast thing and hand move at each moment, together, in m/s."""
    speeds = np.stack([np.linalg.norm(physical[:, part], axis=1) for part in SPEEDS])
    return speeds.sum(axis=0, dtype=np.float64)
