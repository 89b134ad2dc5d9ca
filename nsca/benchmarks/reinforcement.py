"""Reinforcement learning as a reference: SAC and PPO with dense reward and no demonstration.

Neither a competitor nor a baseline: it is told how good every step is, which no few-shot arm is,
and needs hundreds of thousands of steps in the simulator. How it is trained, and which
hyperparameters are not the package's: `nsca.benchmarks.reinforcement_training`.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from nsca.benchmarks.few_shot_learning import Recipe, Shown, act
from nsca.benchmarks.few_shot_setting import Setting
from nsca.errors import UserError


@dataclass(frozen=True)
class Reinforcement:
    """SAC (Haarnoja et al. 2018) or PPO (Schulman et al. 2017) of stable-baselines3.

    Attributes:
        algorithm: "sac" or "ppo".
        steps: environment steps, all parallel environments together; PPO's are rounded up to whole
            updates of 2048.
        home: where `<algorithm>-<setting>-<seed>/checkpoints/` lie: a killed training goes on from
            the last one, to the same bits, and a finished one is not repeated.
        checkpoint_every: steps; what a kill costs at most.

    Raises:
        ValueError: fewer than one step.
    """

    algorithm: Literal["sac", "ppo"]
    steps: int
    home: str
    checkpoint_every: int = 20_000

    def __post_init__(self) -> None:
        if min(self.steps, self.checkpoint_every) < 1:
            raise ValueError("steps and checkpoint_every are at least 1")

    def figures(
        self, shown: Shown, setting: Setting, recipe: Recipe, seed: int, episodes: int
    ) -> dict[str, float]:
        """Success of the policy without exploration, and the environment steps that it took.

        Demonstrations and recipe are not looked at. Training plays episodes of the purpose
        "demonstrations", and evaluation those that all arms meet.

        Raises:
            UserError: stable-baselines3 is not installed; see `train` for more.
        """
        del shown, recipe
        if find_spec("stable_baselines3") is None:
            raise UserError("stable-baselines3 is not installed", "pip install 'nsca[references]'")
        from nsca.benchmarks.reinforcement_training import Training, train

        training = Training(self.algorithm, setting.slug, seed, self.steps, self.checkpoint_every)
        home = Path(self.home) / f"{self.algorithm}-{setting.slug}-{seed}"
        learner = train(training, setting, home)
        try:
            success = act(learner, setting, seed, episodes).rate
        finally:
            learner.close()
        return {"success": success, "environment_steps": float(learner.steps)}
