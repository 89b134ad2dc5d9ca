"""Success of an agent in Meta-World: the share of episodes that succeed at any step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from nsca.worlds.metaworld.env import MAX_STEPS, MetaWorldEnvs
from nsca.worlds.metaworld.physics import AlteredPhysics


@runtime_checkable
class Agent(Protocol):
    """Acts in n episodes side by side."""

    def begin(self, observations: Float[np.ndarray, "n 39"]) -> None:
        """New episodes start with these observations."""
        ...

    def act(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """One action for each episode, within -1 and 1."""
        ...


@runtime_checkable
class Trying(Agent, Protocol):
    """An agent that says how often it has begun."""

    @property
    def attempts(self) -> list[int]:
        """Plans begun so far, an episode each."""
        ...


@dataclass(frozen=True, eq=False)
class Played:
    """What came of n episodes.

    success: whether each succeeded at any step. first: the step of its first success, -1 without.
    attempts: plans begun until then, or until the end; None of an agent that does not say.
    """

    success: Bool[np.ndarray, " n"]
    first: Int[np.ndarray, " n"]
    attempts: Int[np.ndarray, " n"] | None = None

    @property
    def rate(self) -> float:
        """Share of episodes, 0 to 1."""
        return float(self.success.mean())

    @property
    def first_plan_rate(self) -> float:
        """Share of episodes that succeeded with the first plan; NaN of an agent that does not say.

        What a choice among plans is worth: trying again makes good for a bad one.
        """
        if self.attempts is None:
            return math.nan
        return float((self.success & (self.attempts == 1)).mean())


def play(
    agent: Agent,
    task: str,
    seeds: Sequence[int],
    *,
    backend: str = "auto",
    physics: AlteredPhysics | None = None,
    max_steps: int = MAX_STEPS,
) -> Played:
    """Let the agent act in the episodes of `seeds`, side by side, until all succeeded or ended.

    Raises:
        UserError: see `MetaWorldEnvs`.
    """
    environments = MetaWorldEnvs(task, len(seeds), backend, physics, max_steps)
    try:
        observations, _ = environments.reset(seed=list(seeds))
        agent.begin(observations)
        first, attempts = np.full(len(seeds), -1), np.zeros(len(seeds), int)
        trying = agent if isinstance(agent, Trying) else None
        for step in range(max_steps):
            observations, _, _, _, info = environments.step(agent.act(observations))
            if trying is not None:
                attempts = np.where(first < 0, trying.attempts, attempts)
            first = np.where((first < 0) & info["success"], step, first)
            if (first >= 0).all():
                break
            environments.halt(first >= 0)
    finally:
        environments.close()
    return Played(first >= 0, first, None if trying is None else attempts)
