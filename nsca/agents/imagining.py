"""The few-shot agent: demonstrations carried over as proposals, chosen by imagination.

Every proposal (`proposals.py`) is played in the learned dynamics. Where it ends farther from its
promise than imagination errs about the demonstration itself, that counts against it: what pushes
the thing short of the goal here, or leads past it, shows it there. Errors below that say nothing
about the proposal, only about the model. Where a promise is not kept in reality, the next best is
tried in the same episode (`attempts.py`).
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from nsca.agents.attempts import Attempts
from nsca.agents.contacts import SETTLED
from nsca.agents.imagination import Imagined, imagine
from nsca.agents.object_dynamics import ObjectDynamics
from nsca.agents.proposals import Proposal, propose
from nsca.agents.scene import scene_facts
from nsca.data.demonstrations import Demonstration
from nsca.worlds.metaworld.observation import HAND, places

TOLERATED_M = 0.02  # of imagined error: things end so far from each other when the expert acts
TRIED_PRICE_M = 1.0  # what failed is repeated only when nothing else is left


class ImaginedError(NamedTuple):
    """How far (m) the mean of the ensemble ends from the promise, and how far its members from it.

    Both count when the agent chooses. Figures take the first alone: a correction of weight 1 - w
    spreads less where w is high, whether or not it is right.
    """

    missed_m: float
    unsure_m: float


class ImaginingAgent:
    """See the module.

    Args:
        demonstrations: of one task.
        dynamics: trained on them; None leaves imagination out (the ablation *model removed*):
            proposals are taken in the order of their price.
        choice: by imagined end, nearness and what has not been tried, or "chance": any proposal,
            drawn anew for every attempt, so that what has failed may come again (the ablation
            *accept all*).
        again: whether a broken promise leads to another attempt.
        seed: of "chance".

    Raises:
        ValueError: no demonstration.
    """

    def __init__(
        self,
        demonstrations: Sequence[Demonstration],
        dynamics: ObjectDynamics | None,
        *,
        choice: Literal["imagined", "chance"] = "imagined",
        again: bool = True,
        seed: int = 0,
    ) -> None:
        if not demonstrations:
            raise ValueError("at least one demonstration is needed")
        self._demonstrations = list(demonstrations)
        self._dynamics = dynamics
        self._choice = choice
        self._again = again
        self._rng = np.random.default_rng(seed)
        self._facts = scene_facts(self._demonstrations)
        self._episodes: list[Attempts] = []
        self._own_errors_m = self._errors_about_demonstrations()
        self.imagined_errors_m: list[float] = []

    def begin(self, observations: Float[np.ndarray, "n 39"]) -> None:
        """New episodes; nothing is planned until things have settled."""
        first = self._demonstrations[0]
        home = first.observations[0, HAND].astype(np.float64)
        grip = float(first.actions[0, 3])
        self._episodes = [Attempts(home, grip, again=self._again) for _ in observations]
        self.imagined_errors_m = []

    def act(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """The next action of each episode; `imagined_errors_m` holds how far first plans end from
        their promise in imagination.
        """
        due = [i for i, episode in enumerate(self._episodes) if episode.needs_a_plan]
        if due:
            self._plan(due, observations[due])
        acting = zip(self._episodes, observations, strict=True)
        return np.stack([episode.act(seen) for episode, seen in acting])

    @property
    def imagines(self) -> bool:
        """Whether it has a model: without one every promise is kept."""
        return self._dynamics is not None

    @property
    def attempts(self) -> list[int]:
        """How many plans each episode has begun."""
        return [len(episode.tried) for episode in self._episodes]

    def _plan(self, due: list[int], observations: np.ndarray) -> None:
        proposed = [propose(self._demonstrations, seen) for seen in observations]
        errors = self._imagined(proposed, observations)
        for number, proposals, found, seen in zip(due, proposed, errors, observations, strict=True):
            tried = self._episodes[number].tried
            prices = [
                self._about_proposal_m(one, error)
                + one.price_m
                + TRIED_PRICE_M * tried.count(one.identity)
                for one, error in zip(proposals, found, strict=True)
            ]
            best = int(np.argmin(prices))
            if self._choice == "chance":
                best = int(self._rng.integers(len(proposals)))
            if not tried:
                self.imagined_errors_m.append(found[best].missed_m)
            self._episodes[number].begin(proposals[best], seen)

    def _about_proposal_m(self, proposal: Proposal, error: ImaginedError) -> float:
        """The part of an imagined error (m) that is about the proposal."""
        own_m = self._own_errors_m[proposal.identity[0]]
        return max(0.0, error.missed_m + error.unsure_m - TOLERATED_M - own_m)

    def _errors_about_demonstrations(self) -> list[float]:
        """What imagination gets wrong (m) about each demonstration in its own scene."""
        scenes = np.stack([shown.observations[SETTLED] for shown in self._demonstrations])
        scenes = scenes.astype(np.float64)
        own = [
            next(one for one in propose([shown], seen) if one.identity == (0, 0))
            for shown, seen in zip(self._demonstrations, scenes, strict=True)
        ]
        found = self._imagined([[one] for one in own], scenes)
        return [error.missed_m + error.unsure_m for (error,) in found]

    def _imagined(
        self, proposed: list[list[Proposal]], observations: np.ndarray
    ) -> list[list[ImaginedError]]:
        """The imagined error of each proposal; zeros without a model."""
        if self._dynamics is None:
            return [[ImaginedError(0.0, 0.0)] * len(proposals) for proposals in proposed]
        rows = [row for row, proposals in enumerate(proposed) for _ in proposals]
        every = [one for proposals in proposed for one in proposals]
        courses = imagine(
            self._dynamics,
            self._facts,
            places(observations)[rows],
            [one.plan for one in every],
        )
        errors = iter(
            imagined_error(one, course) for one, course in zip(every, courses, strict=True)
        )
        return [[next(errors) for _ in proposals] for proposals in proposed]


def imagined_error(proposal: Proposal, course: Imagined) -> ImaginedError:
    """Of the object that is moved last; of the hand where nothing is moved."""
    if proposal.moved is None:
        return ImaginedError(
            float(np.linalg.norm(proposal.plan.hand[-1] - proposal.promise_m)), 0.0
        )
    missed = np.linalg.norm(course.place_m[-1, proposal.moved] - proposal.promise_m)
    return ImaginedError(float(missed), float(course.spread_m[-1, proposal.moved]))
