"""What a cloned policy sees of an observation, and what it answers for the gripper."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import GOAL, HAND, OPENING, places

FINE_M, COARSE_M = 0.02, 0.1  # a grip is a matter of a centimetre, a way one of decimetres
ABSENT_M = 1e-6
FEWEST_SPREAD = 1e-3  # of an entry that is divided by its standard deviation: metres, mostly
LEVELS = 2

Features = Callable[[Float[np.ndarray, "n 39"]], Float[np.ndarray, "n f"]]


def standardised(demonstrations: Sequence[Demonstration]) -> Features:
    """All 39 numbers, each with mean 0 and standard deviation 1 over the demonstrations.

    An entry that hardly changes in them is only centred: what has never varied must not become
    large in the first scene where it does.
    """
    seen = np.concatenate([shown.observations[:-1] for shown in demonstrations]).astype(np.float64)
    mean, spread = seen.mean(axis=0), seen.std(axis=0)
    scale = np.where(spread > FEWEST_SPREAD, spread, 1.0)

    def features(observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 39"]:
        return (observations - mean) / scale

    return features


def relative(observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 41"]:
    """Where hand, objects and goal are as seen from each other, -1 to 1; nothing is estimated.

    Six vectors (from the hand to both objects and the goal, from both objects to the goal, from the
    first to the second) as tanh at 2 and at 10 cm, the gripper's opening, and the heights of hand,
    objects and goal above the table as tanh at 10 cm. Zeros for all that belongs to an object that
    is not there. A common horizontal displacement changes nothing.
    """
    seen = observations.astype(np.float64)
    hand, goal = seen[:, HAND], seen[:, GOAL]
    first, second = places(seen).transpose(1, 0, 2)
    first_there, second_there = (
        np.abs(place).max(axis=1, keepdims=True) > ABSENT_M for place in (first, second)
    )
    apart = np.concatenate(
        [
            (first - hand) * first_there,
            (second - hand) * second_there,
            (goal - first) * first_there,
            (goal - second) * second_there,
            goal - hand,
            (second - first) * (first_there & second_there),
        ],
        axis=1,
    )
    heights = np.stack([place[:, 2] for place in (hand, first, second, goal)], axis=1)
    return np.concatenate(
        [
            np.tanh(apart / FINE_M),
            np.tanh(apart / COARSE_M),
            np.tanh(heights / COARSE_M),
            2 * seen[:, OPENING, None] - 1,
        ],
        axis=1,
    )


def gripper_levels(demonstrations: Sequence[Demonstration]) -> Float[np.ndarray, " 2"] | None:
    """The two values that the gripper's command takes (twice the same where it is constant).

    None where there are more, as with noise on the actions: the command is continuous then.
    """
    values = np.unique(np.concatenate([shown.actions[:, 3] for shown in demonstrations]))
    if len(values) > LEVELS:
        return None
    return values[[0, -1]].astype(np.float64)
