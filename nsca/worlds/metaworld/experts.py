"""Scripted experts: metaworld's own policies, as they are or made imperfect."""

import warnings

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from nsca.worlds.metaworld.task_names import resolve_task

_IRREGULAR = {"peg-insert-side-v3": "SawyerPegInsertionSideV3Policy"}


class Expert:
    """The scripted policy of one task, for a batch of observations.

    Args:
        task: see `resolve_task`.
        action_noise: standard deviation of Gaussian noise on the three displacements (1 is a full
            step): a hand that shakes. The gripper is left alone: by chance it would drop things.
        rng: of the noise.

    Raises:
        UserError: there is no such task.
        ValueError: noise below 0, or noise without `rng`.
    """

    def __init__(self, task: str, action_noise: float = 0.0, rng: Generator | None = None) -> None:
        if action_noise < 0 or (action_noise > 0 and rng is None):
            raise ValueError("action_noise must not be negative, and needs rng")
        task = resolve_task(task)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from metaworld import policies
        camel = "".join(part.capitalize() for part in task.removesuffix("-v3").split("-"))
        self._policy = getattr(policies, _IRREGULAR.get(task, f"Sawyer{camel}V3Policy"))()
        self._noise = action_noise
        self._rng = rng

    def __call__(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """Actions within -1 and 1."""
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # "constants may be too high": clipped here
            actions = np.stack([self._policy.get_action(row) for row in observations])
        if self._rng is not None:
            actions[:, :3] += self._noise * self._rng.standard_normal((len(actions), 3))
        return np.clip(actions, -1.0, 1.0)
