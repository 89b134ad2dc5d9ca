"""Meta-World's training episodes as a `VecEnv` of stable-baselines3: another episode every time.

Every name of that package is needed at import here, and it is an extra (`nsca[references]`): import
this module inside functions only.
"""

from typing import Any

import numpy as np
from gymnasium import spaces
from jaxtyping import Bool, Float, Float32
from stable_baselines3.common.vec_env import VecEnv

from nsca.benchmarks.few_shot_setting import Setting
from nsca.worlds.metaworld.env import MAX_STEPS, MetaWorldEnvs
from nsca.worlds.metaworld.episode_seeds import episode_seeds

# What arms may learn from: episodes of this purpose never meet those of "evaluation".
PURPOSE = "demonstrations"

Observations = Float32[np.ndarray, "n 39"]
Stepped = tuple[Observations, Float[np.ndarray, " n"], Bool[np.ndarray, " n"], list[dict[str, Any]]]


class TrainingEpisodes(VecEnv):
    """`count` episodes side by side; when they end, the next `count` of the seed begin.

    Observations and actions: see `MetaWorldEnvs`; single precision here. Rewards: metaworld's dense
    "v2", 0 to 10 a step. Episodes last `max_steps` and end by truncation alone, which
    stable-baselines3 reads from `TimeLimit.truncated`: what lies behind the last step has a value.

    Args:
        setting: task and physics.
        seed: of the experiment.
        count: episodes at once.
        begun: how many of the seed's episodes were begun before.
        max_steps: length of an episode.

    Raises:
        UserError: see `MetaWorldEnvs`.
    """

    def __init__(
        self, setting: Setting, seed: int, count: int, begun: int = 0, max_steps: int = MAX_STEPS
    ) -> None:
        self.begun = begun
        self._experiment = seed
        self._envs = MetaWorldEnvs(
            setting.task, count, physics=setting.physics, max_steps=max_steps
        )
        self._actions: np.ndarray | None = None
        observed = spaces.Box(-np.inf, np.inf, (39,), np.float32)
        super().__init__(count, observed, self._envs.single_action_space)

    def reset(self) -> Observations:
        """The next `count` episodes begin."""
        seeds = episode_seeds(
            self._envs.task, PURPOSE, self._experiment, self.num_envs, first=self.begun
        )
        self.begun += self.num_envs
        return self._envs.reset(seed=seeds)[0].astype(np.float32)

    def step_async(self, actions: np.ndarray) -> None:
        self._actions = actions

    def step_wait(self) -> Stepped:
        if self._actions is None:
            raise RuntimeError("no action was given")
        observed, rewards, _, ended, _ = self._envs.step(self._actions)
        observed = observed.astype(np.float32)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if ended.all():  # side by side, they end at the same step
            infos = [
                {"TimeLimit.truncated": True, "terminal_observation": last} for last in observed
            ]
            observed = self.reset()
        return observed, rewards, ended, infos

    def close(self) -> None:
        self._envs.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self._envs, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise NotImplementedError("episodes follow from their seeds alone")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        raise NotImplementedError("episodes follow from their seeds alone")

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [False for _ in self._get_indices(indices)]
