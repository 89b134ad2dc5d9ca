"""The rollout-only baseline of adaptation: whatever paid best is done again.

It knows nothing but rewards: no observation is read, nothing is learned but which of its own action
sequences had the highest return. The first half of the adaptation episodes try random sequences,
the others the best one so far with noise; evaluation repeats the best. Tasks of metaworld begin
alike every time, so that repeating is not hopeless. `RandomActing` is its control: the same random
sequences, and nothing remembered.
"""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from nsca.worlds.metaworld.env import MAX_STEPS

HELD_STEPS = 25  # of one action: the hand's target moves by up to 25 cm, the edge of the workspace
PERTURBATION = 0.3  # standard deviation, where an action is within -1 and 1


class RepeatedBest:
    """See the module; an `AdaptingAgent`.

    Args:
        episodes: adaptation episodes of each goal.
        seed: of its sequences.
    """

    def __init__(self, episodes: int, seed: int) -> None:
        self._random_episodes = (episodes + 1) // 2
        self._rng = np.random.default_rng(seed)
        self.init()

    def init(self) -> None:
        """New goals: no sequence, no return."""
        self._tried: list[np.ndarray] = []
        self._best: list[np.ndarray | None] = []
        self._best_return = self._return = np.zeros(0)
        self._step = self._episode = np.zeros(0, int)

    def adapt_action(
        self, observations: Float[np.ndarray, "n 39"]
    ) -> tuple[Float[np.ndarray, "n 4"], dict[str, Any]]:
        """The next step of what each environment tries."""
        if not self._tried:
            self._begin(len(observations))
        return self._at(self._tried), {}

    def step(self, timestep: Any) -> None:
        """Add up rewards; at an episode's end keep the better sequence, and try another."""
        self._return += timestep.reward
        self._step += 1
        for row in np.flatnonzero(timestep.terminated | timestep.truncated).tolist():
            if self._return[row] > self._best_return[row]:
                self._best[row], self._best_return[row] = self._tried[row], self._return[row]
            self._return[row], self._step[row] = 0.0, 0
            self._episode[row] += 1
            self._tried[row] = self._next(row)

    def adapt(self) -> None:
        """Nothing is left to learn."""

    def eval_action(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """The next step of the best sequence; of a random one where nothing was tried."""
        if not self._tried:
            self._begin(len(observations))
        known = zip(self._best, self._tried, strict=True)
        actions = self._at([tried if best is None else best for best, tried in known])
        self._step += 1
        return actions

    def reset(self, env_mask: Bool[np.ndarray, " n"]) -> None:
        """From the first step again."""
        self._step[env_mask[: len(self._step)]] = 0

    def _begin(self, count: int) -> None:
        self._best = [None] * count
        self._best_return = np.full(count, -np.inf)
        self._return, self._step = np.zeros(count), np.zeros(count, int)
        self._episode = np.zeros(count, int)
        self._tried = [self._random() for _ in range(count)]

    def _next(self, row: int) -> np.ndarray:
        best = self._best[row]
        if best is None or self._episode[row] < self._random_episodes:
            return self._random()
        return np.clip(best + PERTURBATION * self._rng.standard_normal(best.shape), -1.0, 1.0)

    def _random(self) -> np.ndarray:
        return self._rng.uniform(-1.0, 1.0, (-(-MAX_STEPS // HELD_STEPS), 4))

    def _at(self, sequences: list[np.ndarray]) -> Float[np.ndarray, "n 4"]:
        steps = zip(sequences, self._step, strict=True)
        return np.stack([sequence[step // HELD_STEPS] for sequence, step in steps])


class RandomActing(RepeatedBest):
    """The control: every episode a random sequence, whatever came of the others."""

    def step(self, timestep: Any) -> None:
        """Nothing is remembered."""
        self._step += 1
        self._step[timestep.terminated | timestep.truncated] = 0

    def reset(self, env_mask: Bool[np.ndarray, " n"]) -> None:
        """Another sequence."""
        super().reset(env_mask)
        for row in np.flatnonzero(env_mask[: len(self._tried)]).tolist():
            self._tried[row] = self._random()
