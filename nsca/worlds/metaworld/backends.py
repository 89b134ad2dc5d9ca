"""The two ways to step Meta-World: EnvPool's C++ (fast) and metaworld's own Python (the reference).

Both play the same episodes from the same seeds. Measured differences (tests/slow): after a reset by
metaworld's own, which runs its settling steps twice, some objects lie up to 3 mm elsewhere, and the
first observation of a few tasks still holds a place from before the reset.
"""

import importlib.util
import types
import warnings
from collections.abc import Sequence
from typing import Protocol

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from nsca.worlds.metaworld.episode_seeds import EpisodeDraws
from nsca.worlds.metaworld.physics import AlteredPhysics

Observations = Float[np.ndarray, "n 39"]
Actions = Float[np.ndarray, "n 4"]
Outcome = tuple[Observations, Float[np.ndarray, " n"], Bool[np.ndarray, " n"]]

# EnvPool 1.2.5 shows the dial's start only: metaworld's own expert, which follows the observed
# place, turns it in 0 of 24 episodes there and in all of them on metaworld's own.
NOT_IN_ENVPOOL = frozenset({"dial-turn-v3"})


class Backend(Protocol):
    """One episode in each of n environments, from seeds."""

    def reset(self, seeds: Sequence[int]) -> Observations: ...

    def step(self, actions: Actions) -> Outcome: ...

    def close(self) -> None: ...


def envpool_is_here() -> bool:
    """Whether the package can be imported, without importing it."""
    return importlib.util.find_spec("envpool") is not None


class EnvPoolBackend:
    """EnvPool: C++ environments in `threads` threads of this process.

    A pool's episodes follow from the seeds it is made with, so every reset makes a new pool (20 ms
    an environment).
    """

    def __init__(self, task: str, threads: int, max_steps: int) -> None:
        stem, _, version = task.rpartition("-")
        camel = "".join(part.capitalize() for part in stem.split("-"))
        self._name = f"MetaWorld/{camel}-{version}"
        self._threads = threads
        self._max_steps = max_steps
        self._pool = None

    def reset(self, seeds: Sequence[int]) -> Observations:
        import envpool

        self.close()
        self._pool = envpool.make_gymnasium(
            self._name,
            num_envs=len(seeds),
            env_seed=list(seeds),
            num_threads=self._threads,
            max_episode_steps=self._max_steps,
            partially_observable=False,  # or the goal reads as zeros
        )
        return self._pool.reset()[0].copy()

    def step(self, actions: Actions) -> Outcome:
        if self._pool is None:
            raise RuntimeError("reset the environments first")
        observations, rewards, _, _, info = self._pool.step(actions.astype(np.float32))
        return observations.copy(), np.asarray(rewards, np.float64), info["success"] > 0.5

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None


class MetaworldBackend:
    """metaworld's own environments, one after the other, with true seeds and altered physics."""

    def __init__(self, task: str, count: int, physics: AlteredPhysics) -> None:
        self._task = task
        self._physics = physics
        self.environments = [self._make() for _ in range(count)]

    def _make(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gymnasium's, of the package's own registration
            from metaworld.env_dict import ALL_V3_ENVIRONMENTS
        environment = ALL_V3_ENVIRONMENTS[self._task]()
        environment._set_task_called = True
        environment._freeze_rand_vec = False
        environment._partially_observable = False
        environment.__dict__.pop("sawyer_observation_space", None)  # cached with the goal hidden
        if not self._physics.unaltered:
            self._physics.apply(environment.model)
            mujoco.mj_setConst(environment.model, environment.data)
        return environment

    def reset(self, seeds: Sequence[int]) -> Observations:
        places = [_reset(env, seed) for env, seed in zip(self.environments, seeds, strict=True)]
        return np.stack(places)

    def step(self, actions: Actions) -> Outcome:
        played = [
            env.step(action)
            for env, action in zip(self.environments, actions.astype(np.float32), strict=True)
        ]
        observations = np.stack([result[0] for result in played])
        rewards = np.array([result[1] for result in played], np.float64)
        return observations, rewards, np.array([result[4]["success"] > 0.5 for result in played])

    def close(self) -> None:
        for environment in self.environments:
            environment.close()
        self.environments = []


def _reset(environment, seed: int) -> Float[np.ndarray, " 39"]:
    """A reset whose random vector follows from the seed alone.

    `reset` calls `reset_model` twice: both times the draws start anew, so that the second call does
    not see other places than the first. Rejected vectors (object too near the goal) draw on.
    """
    draws = EpisodeDraws(seed)
    original = type(environment).reset_model

    def reset_model(self):
        draws.restart()
        return original(self)

    def draw(self):
        space = self._random_reset_space
        self._last_rand_vec = draws.uniform(space.low, space.high)
        return self._last_rand_vec

    environment.reset_model = types.MethodType(reset_model, environment)
    environment._get_state_rand_vec = types.MethodType(draw, environment)
    return environment.reset()[0]
