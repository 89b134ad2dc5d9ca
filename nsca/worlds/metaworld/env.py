"""Meta-World v3 as a seeded `gymnasium.vector.VectorEnv`: one episode in each environment.

Rewards are those of metaworld 3's reward function "v2" (its default; the version alone can move a
method from a quarter to three quarters of successes, so tables name it).
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from jaxtyping import Bool

from nsca.errors import UserError
from nsca.notice import notice
from nsca.worlds.metaworld.backends import (
    NOT_IN_ENVPOOL,
    Backend,
    EnvPoolBackend,
    MetaworldBackend,
    envpool_is_here,
)
from nsca.worlds.metaworld.episode_seeds import spread
from nsca.worlds.metaworld.physics import AlteredPhysics
from nsca.worlds.metaworld.task_names import resolve_task

MAX_STEPS = 500  # metaworld's own environments refuse to go on after that
REWARD_VERSION = "v2"
BACKENDS = ("auto", "envpool", "metaworld")


class MetaWorldEnvs(gymnasium.vector.VectorEnv):
    """`num_envs` episodes of one task side by side.

    Observation: [n, 39] float64: hand (3, m), opening of the gripper (0 to 1), two objects (place
    3, quaternion 4; zeros where there is none), the same 18 numbers a step before, goal (3, m).
    Action: [n, 4] in -1..1: displacement of the hand's target (1 is 1 cm a step), gripper force (1
    closes). A step is 12.5 ms. Info: `success` [n] bool, at this step.

    `reset(seed=7)` spreads one seed over the environments; `reset(seed=[...])` gives each episode
    its own (see `episode_seeds`). Without a seed the next episodes of the generator follow. After
    `max_steps` every environment reports truncation; stepping on is an error until `reset`.

    Args:
        task: see `resolve_task`.
        num_envs: how many.
        backend: "envpool", "metaworld", or "auto": EnvPool where it is installed and can do it.
        physics: factors on gravity, mass and friction; needs metaworld's own backend.
        max_steps: length of an episode, at most 500.
        threads: of EnvPool.

    Raises:
        UserError: unknown task or backend; altered physics with backend "envpool".
        ValueError: `max_steps` out of range.
    """

    metadata = {"autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012

    def __init__(
        self,
        task: str,
        num_envs: int = 1,
        backend: str = "auto",
        physics: AlteredPhysics | None = None,
        max_steps: int = MAX_STEPS,
        threads: int = 1,
    ) -> None:
        if not 0 < max_steps <= MAX_STEPS:
            raise ValueError(f"max_steps is {max_steps}, not within 1 to {MAX_STEPS}")
        self.task = resolve_task(task)
        self.num_envs = num_envs
        self.max_steps = max_steps
        physics = physics or AlteredPhysics()
        self.backend = choose_backend(self.task, backend, physics)
        self._envs: Backend
        if self.backend == "envpool":
            self._envs = EnvPoolBackend(self.task, threads, max_steps)
        else:
            self._envs = MetaworldBackend(self.task, num_envs, physics)
        self.single_observation_space = spaces.Box(-np.inf, np.inf, (39,), np.float64)
        self.single_action_space = spaces.Box(-1.0, 1.0, (4,), np.float32)
        self.observation_space = gymnasium.vector.utils.batch_space(
            self.single_observation_space, num_envs
        )
        self.action_space = gymnasium.vector.utils.batch_space(self.single_action_space, num_envs)
        self._steps: int | None = None

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """New episodes; see the class.

        Raises:
            ValueError: as many seeds as environments are needed.
        """
        del options
        if seed is None:
            seed = int(self.np_random.integers(2**31))
        wanted = spread(seed, self.num_envs) if isinstance(seed, int) else seed
        seeds = [each for each in wanted if each is not None]
        if len(seeds) != self.num_envs:
            raise ValueError(f"{self.num_envs} environments need as many seeds, got {seed}")
        self._steps = 0
        observations = self._envs.reset(seeds)
        return observations, {"success": np.zeros(self.num_envs, bool)}

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of every environment.

        Raises:
            RuntimeError: before `reset`, or after the episodes' end.
        """
        if self._steps is None or self._steps >= self.max_steps:
            raise RuntimeError("reset the environments first")
        self._steps += 1
        observations, rewards, success = self._envs.step(np.clip(actions, -1.0, 1.0))
        ended = np.full(self.num_envs, self._steps == self.max_steps)
        return observations, rewards, np.zeros_like(ended), ended, {"success": success}

    def halt(self, over: Bool[np.ndarray, " n"]) -> None:
        """Let these episodes be: metaworld's own backend spares their steps until `reset` and
        repeats their last observation; EnvPool goes on with them.
        """
        self._envs.halt(over)

    def close_extras(self, **kwargs: Any) -> None:
        """Frees the backend."""
        del kwargs
        self._envs.close()


def choose_backend(task: str, backend: str, physics: AlteredPhysics) -> str:
    """ "envpool" or "metaworld", as they can be had here; a notice where EnvPool is missed.

    Raises:
        UserError: unknown backend, or one that cannot do what is asked.
    """
    if backend not in BACKENDS:
        raise UserError(f"there is no backend '{backend}'", f"one of {', '.join(BACKENDS)}")
    if backend == "auto":
        if not physics.unaltered or task in NOT_IN_ENVPOOL:
            return "metaworld"
        if envpool_is_here():
            return "envpool"
        notice("envpool is not installed; metaworld's own environments run, slower")
        return "metaworld"
    if backend == "envpool" and not physics.unaltered:
        raise UserError("EnvPool cannot alter the physics", "backend=metaworld or backend=auto")
    if backend == "envpool" and not envpool_is_here():
        raise UserError(
            "envpool is not installed", "pip install 'nsca[envpool]', or backend=metaworld"
        )
    return backend
