"""The few-shot agent: warped demonstrations as proposals, chosen by imagination.

Every demonstration, warped to the scene, is a proposal. Each is played in the learned dynamics, and
the one that ends nearest to what its demonstration promises is carried out: a demonstration that
only just worked, or whose way leads past the thing here, shows it there. With one demonstration
there is one proposal and nothing to choose.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from nsca.agents.contacts import SETTLED, contacts
from nsca.agents.imagination import Imagined, imagine
from nsca.agents.object_dynamics import ObjectDynamics
from nsca.agents.own_body import learn_body
from nsca.agents.scene import scene_facts
from nsca.agents.tracking import Tracker
from nsca.agents.warped_demonstrations import by_nearness, scene_distance_m, wait
from nsca.agents.warping import Plan, warp
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import HAND, places

DISTANCE_PRICE = 0.1  # metres of imagined error that a metre between two scenes costs
PROPOSALS = 8  # the nearest; farther ones cost time and are seldom better


class ImaginingAgent:
    """See the module.

    Args:
        demonstrations: of one task.
        dynamics: trained on them.

    Raises:
        ValueError: no demonstration.
    """

    def __init__(self, demonstrations: Sequence[Demonstration], dynamics: ObjectDynamics) -> None:
        if not demonstrations:
            raise ValueError("at least one demonstration is needed")
        self._demonstrations = list(demonstrations)
        self._dynamics = dynamics
        self._body = learn_body(self._demonstrations)
        self._facts = scene_facts(self._demonstrations)
        self._trackers: list[Tracker] = []
        self._steps = 0
        self.imagined_errors_m: list[float] = []

    def begin(self, observations: Float[np.ndarray, "n 39"]) -> None:
        """New episodes; nothing is planned until things have settled."""
        del observations
        self._trackers, self._steps = [], 0

    def act(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """The next action of each episode; `imagined_errors_m` holds what the plans promise."""
        self._steps += 1
        if self._steps <= SETTLED:
            return wait(self._demonstrations[0], len(observations))
        if not self._trackers:
            self._plan(observations)
        acting = zip(self._trackers, observations, strict=True)
        return np.stack([tracker.act(seen) for tracker, seen in acting])

    def _plan(self, observations: np.ndarray) -> None:
        owners, proposed, plans = [], [], []
        for row, seen in enumerate(observations):
            for shown in by_nearness(self._demonstrations, seen)[:PROPOSALS]:
                owners.append(row)
                proposed.append(shown)
                plans.append(warp(shown, seen))
        courses = imagine(
            self._dynamics,
            self._body,
            self._facts,
            observations[owners],
            places(observations)[owners],
            plans,
        )
        errors = [
            imagined_error_m(plan, course, shown)
            for plan, course, shown in zip(plans, courses, proposed, strict=True)
        ]
        prices = np.array(
            [
                error + DISTANCE_PRICE * scene_distance_m(shown, observations[row])
                for error, shown, row in zip(errors, proposed, owners, strict=True)
            ]
        )
        rows = np.array(owners)
        best = [
            int(np.where(rows == row, prices, np.inf).argmin()) for row in range(len(observations))
        ]
        self._trackers = [
            Tracker(plans[index], seen[HAND])
            for index, seen in zip(best, observations, strict=True)
        ]
        self.imagined_errors_m = [errors[index] for index in best]


def imagined_error_m(plan: Plan, course: Imagined, shown: Demonstration) -> float:
    """Distance between imagined and promised end, and how unsure the ensemble is of it.

    Of the object that is moved last; of the hand where nothing is moved.
    """
    touched = contacts(shown.observations)
    if not touched:
        return float(np.linalg.norm(course.hand_m[-1] - plan.hand[-1]))
    last = touched[-1].object
    missed = np.linalg.norm(course.place_m[-1, last] - plan.expected[-1, last])
    return float(missed + course.spread_m[-1, last])
