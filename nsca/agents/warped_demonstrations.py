"""The baseline that every table must hold: geometry, and no model of anything."""

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from nsca.agents.contacts import SETTLED
from nsca.agents.tracking import Tracker
from nsca.agents.warping import Plan, warp
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import GOAL, HAND, places


class WarpedDemonstrations:
    """Warps the demonstration whose scene is nearest and follows it, come what may.

    Raises:
        ValueError: no demonstration.
    """

    carry_over: ClassVar[Callable[[Demonstration, np.ndarray], Plan]] = staticmethod(warp)
    """From a demonstration and what is seen, once things have settled, to a plan."""

    def __init__(self, demonstrations: Sequence[Demonstration]) -> None:
        if not demonstrations:
            raise ValueError("at least one demonstration is needed")
        self._demonstrations = list(demonstrations)
        self._trackers: list[Tracker] = []
        self._waited = 0

    def begin(self, observations: Float[np.ndarray, "n 39"]) -> None:
        """New episodes; nothing is planned until things have settled."""
        self._trackers = []
        self._waited = 0

    def act(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """The next step of each plan; at first the hand waits."""
        self._waited += 1
        if self._waited <= SETTLED:
            return wait(self._demonstrations[0], len(observations))
        if not self._trackers:
            self._trackers = [
                Tracker(
                    self.carry_over(by_nearness(self._demonstrations, seen)[0], seen), seen[HAND]
                )
                for seen in observations
            ]
        acting = zip(self._trackers, observations, strict=True)
        return np.stack([tracker.act(seen) for tracker, seen in acting])


def wait(demonstration: Demonstration, count: int) -> Float[np.ndarray, "n 4"]:
    """Actions of hands that stay where they are, with fingers as the demonstration begins."""
    still = np.zeros((count, 4))
    still[:, 3] = demonstration.actions[0, 3]
    return still


def by_nearness(
    demonstrations: Sequence[Demonstration], observation: Float[np.ndarray, " 39"]
) -> list[Demonstration]:
    """Demonstrations, the one first whose objects and goal lie most alike."""
    return sorted(demonstrations, key=lambda shown: scene_distance_m(shown, observation))


def scene_distance_m(shown: Demonstration, observation: Float[np.ndarray, " 39"]) -> float:
    """Euclidean distance of places of objects and goal, once settled."""
    there = shown.observations[min(SETTLED, len(shown.actions))]
    apart = np.concatenate(
        [(places(there) - places(observation)).ravel(), there[GOAL] - observation[GOAL]]
    )
    return float(np.linalg.norm(apart))
