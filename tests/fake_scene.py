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
