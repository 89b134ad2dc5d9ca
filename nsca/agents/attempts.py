"""One episode as a series of attempts: act, look whether the promise came true, else try again.

Whether an attempt failed is seen, not told: the agent knows neither reward nor success, only that
the thing is not where the demonstration promised it. It then lets go, rises, goes back to where
demonstrations begin, waits until things have settled and plans anew from what it sees there.
"""

from enum import Enum, auto

import numpy as np
from jaxtyping import Float

from nsca.agents.contacts import SETTLED
from nsca.agents.proposals import Proposal
from nsca.agents.tracking import Tracker
from nsca.agents.warping import Plan
from nsca.worlds.metaworld.observation import HAND, OPENING, TARGET_M_PER_ACTION, places

# Of the promise. Experts themselves end farther from it in some tasks: there a success may be
# followed by another attempt, which costs nothing that counts.
KEPT_WITHIN_M = 0.03
LINGER = 12  # steps after the end of a plan in which things come to rest
RISE_M = 0.05  # at least, before the hand goes sideways


class _Doing(Enum):
    WAITING = auto()
    ACTING = auto()
    RETREATING = auto()


class Attempts:
    """The hand of one episode.

    Args:
        home: where the hand of a demonstration begins.
        grip: the gripper's first action in it.
        again: whether it tries again.
    """

    def __init__(self, home: Float[np.ndarray, " 3"], grip: float, *, again: bool) -> None:
        self.tried: list[tuple[int, int]] = []
        self._home, self._grip, self._again = home, grip, again
        self._doing, self._steps = _Doing.WAITING, 0
        self._tracker: Tracker | None = None
        self._proposal: Proposal | None = None

    @property
    def needs_a_plan(self) -> bool:
        """Whether things have settled and `begin` is due before the next `act`."""
        return self._doing is _Doing.WAITING and self._steps == SETTLED

    def begin(self, proposal: Proposal, observation: Float[np.ndarray, " 39"]) -> None:
        """Follow this one from here."""
        self.tried.append(proposal.identity)
        self._proposal = proposal
        self._follow(proposal.plan, observation, _Doing.ACTING)

    def act(self, observation: Float[np.ndarray, " 39"]) -> Float[np.ndarray, " 4"]:
        """The next action."""
        self._steps += 1
        tracker = self._tracker
        if tracker is not None and tracker.ended:
            if self._doing is _Doing.RETREATING:
                self._doing, self._steps, self._tracker = _Doing.WAITING, 1, None
            elif self._failed(observation):
                self._retreat(observation)
        if self._tracker is None:
            return np.array([0.0, 0.0, 0.0, self._grip])
        return self._tracker.act(observation)

    def _failed(self, observation: np.ndarray) -> bool:
        """Whether the plan is over, things have come to rest, and not where they should."""
        tracker, proposal = self._tracker, self._proposal
        if not self._again or tracker is None or proposal is None:
            return False
        self._lingered += 1
        if self._lingered <= LINGER:
            return False
        there = observation[HAND]
        if proposal.moved is not None:
            there = places(observation)[proposal.moved]
        return float(np.linalg.norm(there - proposal.promise_m)) > KEPT_WITHIN_M

    def _retreat(self, observation: np.ndarray) -> None:
        here = observation[HAND].astype(np.float64)
        above = np.array([here[0], here[1], max(here[2] + RISE_M, self._home[2])])
        path = np.concatenate([_line(here, above), _line(above, self._home)])
        still = np.repeat(places(observation)[None], len(path), axis=0)
        grip, opening = np.full(len(path), self._grip), np.full(len(path), observation[OPENING])
        plan = Plan(path, path, grip, opening, still, np.arange(len(path)))
        self._follow(plan, observation, _Doing.RETREATING)

    def _follow(self, plan: Plan, observation: np.ndarray, doing: _Doing) -> None:
        self._tracker = Tracker(plan, observation[HAND])
        self._doing, self._steps, self._lingered = doing, 0, 0


def _line(begin: np.ndarray, end: np.ndarray) -> Float[np.ndarray, "m 3"]:
    """A straight way in steps that the hand's target can make."""
    count = max(int(np.ceil(np.abs(end - begin).max() / TARGET_M_PER_ACTION)), 1)
    return begin + (end - begin) * np.arange(1, count + 1)[:, None] / count
