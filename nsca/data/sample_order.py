"""Which samples a step sees: a pure function of seed and step, so that a resumed run sees the same.

Every epoch is a fresh permutation of all samples, cut into batches; what does not fill a batch
waits for another epoch's permutation.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Int, Int64

ORDER_STREAM = 1
NEIGHBOUR_STREAM = 2


def steps_per_epoch(samples: int, batch: int) -> int:
    """Return how many full batches an epoch holds."""
    return samples // batch


def sample_order(seed: int, step: int, samples: int, batch: int) -> Int64[np.ndarray, " batch"]:
    """Return the samples of a step.

    Args:
        seed: of the run.
        step: optimiser step, from 0.
        samples: how many there are; at least `batch`.
        batch: the effective batch.

    Raises:
        ValueError: fewer samples than a batch needs.
    """
    if samples < batch:
        raise ValueError(f"{samples} samples do not fill a batch of {batch}")
    epoch, position = divmod(step, steps_per_epoch(samples, batch))
    return _permutation(seed, epoch, samples)[position * batch : (position + 1) * batch]


@lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, samples: int) -> Int64[np.ndarray, " samples"]:
    order = np.random.default_rng([seed, ORDER_STREAM, epoch]).permutation(samples)
    order.setflags(write=False)
    return order


def clip_bounds(
    clip: Int[np.ndarray, " frame"],
) -> tuple[Int64[np.ndarray, " frame"], Int64[np.ndarray, " frame"]]:
    """Return for each frame the first and the last frame of its clip (clips are contiguous)."""
    starts = np.flatnonzero(np.diff(clip, prepend=clip[:1] - 1) != 0)
    lengths = np.diff(np.append(starts, len(clip)))
    return np.repeat(starts, lengths), np.repeat(starts + lengths - 1, lengths)


def neighbours(
    seed: int,
    step: int,
    frames: Int64[np.ndarray, " batch"],
    bounds: tuple[Int64[np.ndarray, " frame"], Int64[np.ndarray, " frame"]],
    reach: int,
) -> Int64[np.ndarray, " batch"]:
    """Return for each frame another one of its clip, 1 to `reach` frames before or after it.

    At an end of the clip the other direction is taken; a clip of one frame gives that frame itself.
    """
    rng = np.random.default_rng([seed, NEIGHBOUR_STREAM, step])
    offset = rng.integers(1, reach + 1, len(frames)) * rng.choice([-1, 1], len(frames))
    first, last = (bound[frames] for bound in bounds)
    there = np.clip(frames + offset, first, last)
    back = np.clip(frames - offset, first, last)
    return np.where(there == frames, back, there)
