"""The baseline below warping: the nearest demonstration again, moved to where the object is."""

import numpy as np
from jaxtyping import Float

from nsca.agents.contacts import SETTLED, contacts
from nsca.agents.warped_demonstrations import WarpedDemonstrations
from nsca.agents.warping import Plan, warp
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import GOAL, HAND, OBJECTS, places


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


class NearestReplay(WarpedDemonstrations):
    """Replays the demonstration whose scene is nearest in the frame of what it touches first.

    The goal counts for the choice of the demonstration, and for nothing after it.
    """

    carry_over = staticmethod(replay)
