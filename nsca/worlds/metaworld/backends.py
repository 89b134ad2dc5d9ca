"""The two ways to step Meta-World: EnvPool's C++ (fast) and metaworld's own Python (the reference).

Both play the same episodes from the same seeds. Measured in all tasks but dial-turn (EnvPool 1.2.5,
four episodes each, tests/slow/test_backend_parity.py): first observations agree within 4 mm
(metaworld settles twice), but for the object's place in disassemble and window-close, which EnvPool
shows from before the reset, and for orientations, which it shows so in disassemble and lever-pull
too; where all places are alike, rewards agree within 0.4 of 10 on average, but for
button-press-topdown-wall (3.9), door-lock (1.5) and soccer (1.0); as many episodes succeed, within
one of four. Where things touch, the two part: in peg-unplug-side after a fifth of the steps.
"""

import copy
import gc
import importlib.util
import types
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

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

    def halt(self, over: Bool[np.ndarray, " n"]) -> None: ...

    def close(self) -> None: ...


def envpool_is_here() -> bool:
    """Whether the package can be imported, without importing it."""
    return importlib.util.find_spec("envpool") is not None


class EnvPoolBackend:
    """EnvPool: C++ environments in `threads` threads of this process.

    A pool's episodes follow from the seeds it is made with, so every reset makes a new pool (11 to
    20 ms an environment).
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

    def halt(self, over: Bool[np.ndarray, " n"]) -> None:
        """Nothing: what is over costs next to nothing here."""

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
        self._halted = np.zeros(count, bool)
        self._last: list[tuple[Float[np.ndarray, " 39"], float, bool]] = []

    def _make(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # gymnasium's, of the package's own registration
            from metaworld.env_dict import ALL_V3_ENVIRONMENTS
        task = ALL_V3_ENVIRONMENTS[self._task]
        environment = type(task.__name__, (_Quick, task), {})()
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
        self._halted[:] = False
        self._last = [(place, 0.0, False) for place in places]
        return np.stack(places)

    def step(self, actions: Actions) -> Outcome:
        for index, (environment, action) in enumerate(
            zip(self.environments, actions.astype(np.float32), strict=True)
        ):
            if not self._halted[index]:
                place, reward, _, _, info = environment.step(action)
                self._last[index] = (place, reward, info["success"] > 0.5)
        places, rewards, successes = zip(*self._last, strict=True)
        return np.stack(places), np.array(rewards, np.float64), np.array(successes)

    def halt(self, over: Bool[np.ndarray, " n"]) -> None:
        """Repeat the last outcome of these from now on."""
        self._halted = over.copy()

    def close(self) -> None:
        """Free the environments at once: each holds 70 MB that the collector does not see, and
        refers to itself, so that it would not be collected for long.
        """
        while self.environments:
            self.environments.pop().close()
        gc.collect()


class _Quick:
    """Before a task's class: what costs most there, done otherwise with the same result.

    Compiling a task's file takes 230 ms, copying what it gives 50. Asking what the fingers touch
    reads every contact twice in Python, a third of a step.
    """

    fullpath: str
    data: Any

    def _initialize_simulation(self) -> tuple[Any, Any]:
        model = copy.copy(_compiled(self.fullpath))
        return model, mujoco.MjData(model)

    def touching_object(self, object_geom_id: int) -> bool:
        contact = self.data.contact
        on_object = (contact.geom == object_geom_id).any(axis=1)

        def pressed(pad: str) -> bool:
            both = on_object & (contact.geom == self.data.geom(pad).id).any(axis=1)
            return bool(self.data.efc_force[contact.efc_address[both]].sum() > 0)

        return pressed("leftpad_geom") and pressed("rightpad_geom")


@lru_cache(maxsize=1)
def _compiled(path: str) -> Any:
    return mujoco.MjModel.from_xml_path(path)


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
