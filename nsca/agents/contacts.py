"""What a demonstration moves, and when: the frames to which its parts belong."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nsca.worlds.metaworld.observation import HAND, places, present

SETTLED = 8  # steps: what a reset leaves in the air has fallen by then, and no hand has come yet
MOVED_M = 0.005
PRESSED_M = 0.01  # a button or handle that only goes down; slow settling stays below
WITHIN_M = 0.25  # of the hand: a door that swings by itself while the hand is far is not touched


@dataclass(frozen=True)
class Contact:
    """The step from which an object (0 or 1) moves, so that the hand's way belongs to its frame."""

    step: int
    object: int


def contacts(observations: Float[np.ndarray, "t 39"]) -> list[Contact]:
    """The objects that a demonstration moves, in the order in which they begin to."""
    there = present(observations[0])
    paths = places(observations)
    hand = observations[:, HAND]
    found = [
        Contact(step, index)
        for index in (0, 1)
        if there[index] and (step := _first_motion(paths[:, index], hand)) is not None
    ]
    return sorted(found, key=lambda contact: contact.step)


def _first_motion(path: Float[np.ndarray, "t 3"], hand: Float[np.ndarray, "t 3"]) -> int | None:
    near = np.linalg.norm(hand - path, axis=1) < WITHIN_M
    if not near.any():
        return None
    path = path.copy()
    settled = min(max(SETTLED, int(near.argmax())), len(path) - 1)
    path[:settled] = path[settled]
    aside = np.linalg.norm(path[:, :2] - path[0, :2], axis=1) > MOVED_M
    risen = path[:, 2] - np.minimum.accumulate(path[:, 2]) > MOVED_M
    moved = aside | risen
    if not moved.any():
        moved = path[:, 2] < path[0, 2] - PRESSED_M
    return int(moved.argmax()) if moved.any() else None
