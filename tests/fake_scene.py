"""A demonstration made by hand: a hand goes to a thing, closes, and carries it to the goal."""

import numpy as np

from nsca.data.demonstrations import Demonstration

APPROACH, CARRY = 40, 40


def demonstration(
    thing: tuple[float, float] = (0.0, 0.7), goal: tuple[float, float] = (0.1, 0.85)
) -> Demonstration:
    """A puck at `thing` is carried to `goal` at 2 cm height, with a hand that follows at once."""
    steps = APPROACH + CARRY
    hand = np.zeros((steps + 1, 3))
    puck = np.tile([*thing, 0.02], (steps + 1, 1))
    start, grip = np.array([0.0, 0.6, 0.2]), np.array([*thing, 0.06])
    end = np.array([*goal, 0.06])
    for step in range(steps + 1):
        if step <= APPROACH:
            hand[step] = start + (grip - start) * step / APPROACH
        else:
            share = (step - APPROACH) / CARRY
            hand[step] = grip + (end - grip) * share
            puck[step] = hand[step] - (0.0, 0.0, 0.04)
    observations = np.zeros((steps + 1, 39), np.float32)
    observations[:, :3], observations[:, 4:7], observations[:, 36:38] = hand, puck, goal
    observations[:, 38], observations[:, 3] = 0.02, 1.0
    observations[APPROACH:, 3] = 0.4
    actions = np.zeros((steps, 4), np.float32)
    actions[:, :3] = np.clip(np.diff(hand, axis=0) / 0.01, -1, 1)
    actions[:, 3] = np.where(np.arange(steps) < APPROACH, -1.0, 1.0)
    success = np.zeros(steps, bool)
    success[-1] = True
    return Demonstration(
        "pick-place-v3", 0, observations, actions, np.zeros(steps, np.float32), success
    )


def scene(thing: tuple[float, float], goal: tuple[float, float]) -> np.ndarray:
    """The observation of a settled scene, float64."""
    return demonstration(thing, goal).observations[0].astype(np.float64)


class World:
    """That scene in motion: the hand is at once where its target is.

    Args:
        thing: where it lies.
        goal: where it should go; nothing here depends on it.
        holds: whether a closed hand takes along what lies in its grip, 4 cm below, within 3 cm.
    """

    def __init__(
        self, thing: tuple[float, float], goal: tuple[float, float], *, holds: bool = True
    ) -> None:
        self.seen = scene(thing, goal)
        self._holds = holds

    def step(self, action: np.ndarray) -> None:
        """One action, which must be within -1 and 1."""
        assert np.abs(action).max() <= 1.0
        seen = self.seen.copy()
        grip = seen[:3] - (0.0, 0.0, 0.04)
        held = self._holds and action[3] > 0 and np.linalg.norm(seen[4:7] - grip) < 0.03
        seen[:3] += 0.01 * action[:3]
        seen[3] = 0.4 if action[3] > 0 else 1.0
        if held:
            seen[4:7] += 0.01 * action[:3]
        else:
            seen[6] = 0.02
        self.seen = seen
