"""Where things stand in Meta-World's 39 numbers."""

import numpy as np
from jaxtyping import Bool, Float

HAND = slice(0, 3)
OPENING = 3
OBJECTS = (slice(4, 7), slice(11, 14))  # places; four numbers of orientation follow each
PREVIOUS = 18  # the same 18 numbers, a step before, begin here
GOAL = slice(36, 39)
STEP_S = 0.0125
TARGET_M_PER_ACTION = 0.01  # how far an action of 1 moves the hand's target in a step


def places(observations: Float[np.ndarray, "*n 39"]) -> Float[np.ndarray, "*n 2 3"]:
    """Places of the two objects; zeros for one that a task does not have."""
    return np.stack([observations[..., where] for where in OBJECTS], axis=-2)


def present(observation: Float[np.ndarray, " 39"]) -> Bool[np.ndarray, " 2"]:
    """Which of the two objects the task has."""
    return np.abs(places(observation)).max(axis=-1) > 1e-6
