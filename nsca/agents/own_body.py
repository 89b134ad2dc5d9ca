"""How the hand follows its target and how the fingers follow their command.

The same least-squares fit in every arm of an experiment: it is about the agent's own body, and no
prior about objects enters it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import HAND, OPENING, TARGET_M_PER_ACTION

RIDGE = 1e-9  # square metres: keeps the fit defined, a thousandth of what the data weigh
FREE_M = 0.08  # a target farther from the hand is behind an obstacle or the workspace's edge


@dataclass(frozen=True)
class OwnBody:
    """Linear, the same for every axis; a displacement is that of one step, in metres.

    hand: displacement' = [displacement, the one before, that of the target, target - hand] . hand.
    fingers: opening' = [opening, command, 1] . fingers. least_opening: the smallest seen while the
    command is to close: what is held keeps the fingers apart.
    """

    hand: Float[np.ndarray, " 4"]
    fingers: Float[np.ndarray, " 3"]
    least_opening: float

    def hand_step(
        self,
        moved: Float[np.ndarray, "*n 3"],
        moved_before: Float[np.ndarray, "*n 3"],
        target_moved: Float[np.ndarray, "*n 3"],
        gap: Float[np.ndarray, "*n 3"],
    ) -> Float[np.ndarray, "*n 3"]:
        """The hand's next displacement (m); `gap`: from the hand to where its target is now."""
        return np.stack([moved, moved_before, target_moved, gap], axis=-1) @ self.hand

    def finger_step(
        self, opening: Float[np.ndarray, "*n"], command: Float[np.ndarray, "*n"]
    ) -> Float[np.ndarray, "*n"]:
        """The next opening, 0 to 1."""
        following = self.fingers[0] * opening + self.fingers[1] * command + self.fingers[2]
        return np.clip(following, self.least_opening, 1.0)


def learn_body(demonstrations: Sequence[Demonstration]) -> OwnBody:
    """Fit to all steps of all demonstrations."""
    rows, moves, fingers, opened = [], [], [], []
    closing: list[Bool[np.ndarray, " t"]] = []
    for shown in demonstrations:
        seen = shown.observations.astype(np.float64)
        actions = np.clip(shown.actions.astype(np.float64), -1, 1)
        hand = seen[:, HAND]
        target = hand[0] + TARGET_M_PER_ACTION * np.cumsum(actions[:, :3], axis=0)
        moved = np.diff(hand, axis=0)
        before = np.concatenate([np.zeros((1, 3)), moved[:-1]])
        earlier = np.concatenate([np.zeros((1, 3)), before[:-1]])
        stepped = TARGET_M_PER_ACTION * actions[:, :3]
        gap = target - hand[:-1]
        free = np.abs(gap).max(axis=1) < FREE_M
        inputs = np.stack([before, earlier, stepped, gap], axis=-1)[free]
        rows.append(inputs.reshape(-1, 4))
        moves.append(moved[free].reshape(-1))
        fingers.append(np.column_stack([seen[:-1, OPENING], actions[:, 3], np.ones(len(actions))]))
        opened.append(seen[1:, OPENING])
        closing.append(actions[:, 3] > 0)
    hand_fit = _ridge(np.concatenate(rows), np.concatenate(moves))
    finger_fit = _ridge(np.concatenate(fingers), np.concatenate(opened))
    closed = np.concatenate(opened)[np.concatenate(closing)]
    least = float(closed.min()) if len(closed) else 0.0
    return OwnBody(hand_fit, finger_fit, least)


def _ridge(inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    return np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1]), inputs.T @ outputs)
