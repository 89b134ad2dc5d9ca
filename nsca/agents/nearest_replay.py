"""The baseline below warping: the nearest demonstration again, moved to where the object is."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from nsca.agents.contacts import SETTLED, contacts
from nsca.agents.tracking import Tracker
from nsca.agents.warped_demonstrations import by_nearness, wait
from nsca.agents.warping import Plan, warp
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import GOAL, HAND, OBJECTS, places


class NearestReplay:
    """Replays the demonstration whose scene is nearest in the frame of what it touches first.

    The goal counts for the choice of the demonstration, and for nothing after it.

    Raises:
        ValueError: no demonstration.
    """

    def __init__(self, demonstrations: Sequence[Demonstration]) -> None:
        if not demonstrations:
            raise ValueError("at least one demonstration is needed")
        self._demonstrations = list(demonstrations)
        self._trackers: list[Tracker] = []
        self._waited = 0

    def begin(self, observations: Float[np.ndarray, "n 39"]) -> None:
        """New episodes; nothing is chosen until things have settled."""
        self._trackers = []
        self._waited = 0

    def act(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """The next step of each replay; at first the hand waits."""
        self._waited += 1
        if self._waited <= SETTLED:
            return wait(self._demonstrations[0], len(observations))
        if not self._trackers:
            self._trackers = [
                Tracker(replay(by_nearness(self._demonstrations, seen)[0], seen), seen[HAND])
                for seen in observations
            ]
        acting = zip(self._trackers, observations, strict=True)
        return np.stack([tracker.act(seen) for tracker, seen in acting])


def replay(demonstration: Demonstration, observation: Float[np.ndarray, " 39"]) -> Plan:
    """The demonstration's way with one displacement throughout, for a scene that has settled.

    It is that of the object that is touched first, and none where nothing is touched. In a scene
    that is the demonstration's, displaced as a whole, nothing is left to warp: so it is planned for
    that scene, and what differs from `warp` is the warping alone.
    """
    seen = demonstration.observations.astype(np.float64)
    there = seen[min(SETTLED, len(seen) - 1)]
    touched = contacts(seen)
    displaced = there.copy()
    displaced[HAND], displaced[GOAL] = seen[0, HAND], seen[0, GOAL]
    if touched:
        first = touched[0].object
        shift = places(observation)[first] - places(there)[first]
        for where in (HAND, *OBJECTS, GOAL):
            displaced[where] += shift
    return warp(demonstration, displaced)
