"""Which episode a seed is: the same object and goal places whichever backend plays it.

EnvPool draws an episode's random vector with C++'s `std::mt19937` and `uniform_real_distribution`;
`EpisodeDraws` repeats that draw bit by bit in numpy, so that metaworld's own environments can be
given the same episodes (they ignore `reset(seed=)` and draw twice on every reset).

Seeds of neighbouring pools overlap in EnvPool: environment i of a pool seeded with s is environment
0 of one seeded with s + i. Every seed here is therefore hashed first, from what it is for.
"""

import zlib

import numpy as np
from jaxtyping import Float

PURPOSES = ("demonstrations", "evaluation", "tuning")


def episode_seeds(task: str, purpose: str, seed: int, count: int, first: int = 0) -> list[int]:
    """Seeds of `count` episodes, distinct for every task, purpose and seed.

    Args:
        task: full name.
        purpose: one of PURPOSES: episodes of one purpose never meet those of another.
        seed: of the experiment.
        count: how many.
        first: index of the first one; the same index is the same episode whatever `count`.

    Raises:
        ValueError: unknown purpose.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose {purpose!r}: one of {', '.join(PURPOSES)}")
    key = (seed, zlib.crc32(task.encode()), PURPOSES.index(purpose))
    return [_hashed(*key, index) for index in range(first, first + count)]


def spread(seed: int, count: int) -> list[int]:
    """One seed of a vector environment as `count` episode seeds."""
    return [_hashed(seed, index) for index in range(count)]


def _hashed(*entropy: int) -> int:
    state = np.random.SeedSequence(entropy).generate_state(1, np.uint32)
    return int(state[0] >> 1)  # EnvPool takes non-negative 32-bit integers


class EpisodeDraws:
    """The uniform draws of one episode, as EnvPool's C++ makes them.

    Source: C++ standard, [rand.eng.mers] (seeding and output of mt19937) and libstdc++'s
    `generate_canonical<double, 53>`: two outputs a, b make (a + b 2^32) / 2^64.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.restart()

    def restart(self) -> None:
        """Back to the first draw."""
        self._generator = np.random.RandomState(self._seed)

    def uniform(
        self, low: Float[np.ndarray, " n"], high: Float[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """One vector within the box."""
        words = np.frombuffer(self._generator.bytes(8 * len(low)), dtype="<u4").astype(np.float64)
        canonical = (words[0::2] + words[1::2] * 2.0**32) / 2.0**64
        return canonical * (high - low) + low
