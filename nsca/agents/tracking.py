"""Follows a plan in one episode."""

import numpy as np
from jaxtyping import Float

from nsca.agents.warping import Plan
from nsca.worlds.metaworld.observation import HAND, TARGET_M_PER_ACTION

CORRECTION = (
    0.25  # of the hand's error is added to its target; 0 to 1 make no difference over tasks
)
BEHIND_M = 0.06  # a hand that lags so far is waited for,
PATIENCE = 8  # so many steps at most: what holds it may be what it should push


class Tracker:
    """Moves the hand's target along a plan.

    The target itself is not observed: it starts where the hand is and adds up the actions, as the
    simulator does. Where that clips at the edge of the workspace the two part; the demonstration's
    did as well.

    Args:
        plan: from where the hand is now.
        hand: its place.
    """

    def __init__(self, plan: Plan, hand: Float[np.ndarray, " 3"]) -> None:
        self.plan = plan
        self.at = 0
        self._target = hand.astype(np.float64)
        self._waited = 0

    @property
    def ended(self) -> bool:
        """Whether the last step of the plan is reached; it holds there."""
        return self.at == len(self.plan.grip) - 1

    def act(self, observation: Float[np.ndarray, " 39"]) -> Float[np.ndarray, " 4"]:
        """The next action."""
        plan, at = self.plan, self.at
        error = plan.hand[at] - observation[HAND]
        behind = not self.ended and float(np.linalg.norm(error)) > BEHIND_M
        if behind and self._waited < PATIENCE:
            self._waited += 1
            wanted = plan.target[max(at - 1, 0)]
        else:
            self._waited = 0
            wanted = plan.target[at]
            self.at = min(at + 1, len(plan.grip) - 1)
        move = (wanted + CORRECTION * error - self._target) / TARGET_M_PER_ACTION
        action = np.clip(np.append(move, plan.grip[at]), -1.0, 1.0)
        self._target += TARGET_M_PER_ACTION * action[:3]
        return action
