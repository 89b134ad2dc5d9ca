"""SAC and PPO of stable-baselines3, trained in chunks that go from checkpoint to checkpoint.

SAC: Haarnoja et al. 2018, "Soft Actor-Critic" (arXiv:1801.01290) with the learned temperature of
arXiv:1812.05905. PPO: Schulman et al. 2017 (arXiv:1707.06347). Hyperparameters are the package's
defaults for both, with these exceptions:

- `ENVIRONMENTS` episodes side by side instead of one. SAC still makes one gradient step for every
  environment step (`gradient_steps=-1`, four after every four steps), and PPO still learns from
  2048 steps at a time (512 of each).
- PPO sees observations and rewards through `VecNormalize`: rewards reach 10 a step, and returns of
  hundreds are out of reach of a value function that begins at zero. SAC has no such wrapper, as in
  the package's published settings for MuJoCo.
- SAC's replay buffer is no larger than the training, which never overwrites anything for it.

stable-baselines3's own way to resume is not bit-identical: it keeps neither random numbers nor the
episodes in progress. Here each chunk begins with new episodes and is a function of the checkpoint
before it, which an unbroken training reads back too. So a killed training ends with the bits of an
unbroken one, on the same machine, versions and number of threads. The price: episodes that were in
progress at a checkpoint end there (PPO's; SAC's end with the chunk, as 20,000 is a multiple of
4 x 500).

Import this module inside functions only: stable-baselines3 is an extra.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import stable_baselines3
import torch
from jaxtyping import Float
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize

from nsca.benchmarks.few_shot_setting import Setting
from nsca.benchmarks.training_episodes import TrainingEpisodes
from nsca.checkpoint import (
    HEADER_KEY,
    CheckpointHeader,
    checkpoint_path,
    checkpoints_of,
    read_checkpoint,
    valid_checkpoints,
    write_checkpoint,
)
from nsca.errors import UserError
from nsca.rng_state import capture_rng, restore_rng
from nsca.run_card import versions

ENVIRONMENTS = 4
PPO_STEPS = 2048  # the package's default, which it counts for each environment
KEPT = 2  # checkpoints of a training under way: where the last one is damaged, the one before
STORED = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


@dataclass(frozen=True)
class Training:
    """Which training: a folder of checkpoints holds one alone.

    Attributes:
        algorithm: "sac" or "ppo".
        setting: slug of a `Setting`.
        seed: decides weights, exploration and episodes.
        steps: of all environments together; PPO's are rounded up to whole updates.
        checkpoint_every: steps; PPO's is rounded up alike.
    """

    algorithm: Literal["sac", "ppo"]
    setting: str
    seed: int
    steps: int
    checkpoint_every: int


class Learner:
    """One of the two algorithms somewhere in its training; acts without exploring (`Agent`).

    Args:
        training: which one.
        setting: its setting.
        saved: content of a checkpoint; None begins.

    Raises:
        UserError: see `MetaWorldEnvs`.
    """

    def __init__(self, training: Training, setting: Setting, saved: dict[str, Any] | None) -> None:
        begun = saved["episodes"] if saved else 0
        self.episodes = TrainingEpisodes(setting, training.seed, ENVIRONMENTS, begun)
        self.normalised: VecNormalize | None = None
        self.model: PPO | SAC
        if training.algorithm == "sac":
            self.model = SAC(
                "MlpPolicy",
                self.episodes,
                gradient_steps=-1,
                buffer_size=min(training.steps, 1_000_000),
                seed=training.seed,
                device="cpu",
            )
        else:
            self.normalised = VecNormalize(self.episodes)
            self.model = PPO(
                "MlpPolicy",
                self.normalised,
                n_steps=PPO_STEPS // ENVIRONMENTS,
                seed=training.seed,
                device="cpu",
            )
        self.model.set_logger(Logger(None, []))  # its own makes a folder in /tmp
        if saved:
            self._restore(saved)

    @property
    def steps(self) -> int:
        """Environment steps done."""
        return self.model.num_timesteps

    def learn(self, steps: int) -> None:
        """Go on in new episodes; global random numbers are used."""
        self.model.learn(steps, reset_num_timesteps=False, log_interval=1_000_000_000)

    def begin(self, observations: Float[np.ndarray, "n 39"]) -> None:
        """Nothing: it acts by what it sees."""

    def act(self, observations: Float[np.ndarray, "n 39"]) -> Float[np.ndarray, "n 4"]:
        """The policy's mode, within -1 and 1."""
        seen = observations.astype(np.float32)
        if self.normalised is not None:
            seen = np.asarray(self.normalised.normalize_obs(seen))
        return self.model.predict(seen, deterministic=True)[0]

    def close(self) -> None:
        """Frees the environments."""
        self.episodes.close()

    def saved(self, *, whole: bool) -> dict[str, Any]:
        """What a checkpoint holds; without the replay buffer unless `whole`."""
        content = {
            "parameters": self.model.get_parameters(),
            "steps": self.steps,
            "episodes": self.episodes.begun,
            "random": capture_rng(),
        }
        if self.normalised is not None:
            content["observations"] = _statistics(self.normalised.obs_rms)
            content["returns"] = _statistics(self.normalised.ret_rms)
        if isinstance(self.model, SAC):
            content |= _sac_state(self.model, whole)
        return content

    def _restore(self, saved: dict[str, Any]) -> None:
        self.model.set_parameters(saved["parameters"])
        self.model.num_timesteps = saved["steps"]
        if self.normalised is not None:
            self.normalised.obs_rms = _running(saved["observations"])
            self.normalised.ret_rms = _running(saved["returns"])
        if isinstance(self.model, SAC):
            _restore_sac(self.model, saved)
        restore_rng(saved["random"])  # at last: making the model drew numbers


def train(training: Training, setting: Setting, home: Path) -> Learner:
    """The trained one: what `home` lacks is done, from its last intact checkpoint.

    Global random numbers are afterwards what they were before.

    Args:
        training: which one.
        setting: its setting.
        home: folder of its checkpoints.

    Raises:
        UserError: another training's checkpoints lie there; one could not be written.
    """
    before = capture_rng()
    try:
        while True:
            path = next(valid_checkpoints(home), None)
            learner = Learner(training, setting, _read(path, training) if path else None)
            if learner.steps >= training.steps:
                return learner
            try:
                learner.learn(min(training.checkpoint_every, training.steps - learner.steps))
                _write(learner, training, home)
            finally:
                learner.close()
    finally:
        restore_rng(before)


def _write(learner: Learner, training: Training, home: Path) -> None:
    """A checkpoint; older ones go."""
    finished = learner.steps >= training.steps
    made_by = {**versions(), "stable-baselines3": stable_baselines3.__version__}
    header = CheckpointHeader(
        learner.steps, training.algorithm, "", asdict(training), None, made_by
    )
    content = {HEADER_KEY: asdict(header), **learner.saved(whole=not finished)}
    write_checkpoint(content, checkpoint_path(home, learner.steps))
    for path in checkpoints_of(home)[1 if finished else KEPT :]:
        path.unlink()


def _read(path: Path, training: Training) -> dict[str, Any]:
    content = read_checkpoint(path)
    then = content[HEADER_KEY]["config"]
    differing = [
        f"{key} was {then.get(key)}, is now {value}"
        for key, value in asdict(training).items()
        if then.get(key) != value
    ]
    if differing:
        raise UserError(
            f"{path} belongs to another training: {'; '.join(differing)}",
            f"move {path.parent.parent} away, or give the arm another home",
        )
    return content


def _sac_state(model: Any, whole: bool) -> dict[str, Any]:
    content: dict[str, Any] = {"log_ent_coef": model.log_ent_coef.detach()}
    if whole:
        buffer = model.replay_buffer
        rows = buffer.buffer_size if buffer.full else buffer.pos
        arrays = {name: torch.from_numpy(getattr(buffer, name)[:rows]) for name in STORED}
        content["replay"] = {"pos": buffer.pos, "full": buffer.full, **arrays}
    return content


def _restore_sac(model: Any, saved: dict[str, Any]) -> None:
    model.log_ent_coef.data.copy_(saved["log_ent_coef"])  # in place: its optimiser holds it
    if "replay" in saved:
        buffer, replay = model.replay_buffer, saved["replay"]
        for name in STORED:
            getattr(buffer, name)[: len(replay[name])] = replay[name].numpy()
        buffer.pos, buffer.full = replay["pos"], replay["full"]


def _statistics(found: Any) -> dict[str, Any]:
    return {
        "mean": torch.as_tensor(found.mean),
        "var": torch.as_tensor(found.var),
        "count": float(found.count),
    }


def _running(saved: dict[str, Any]) -> RunningMeanStd:
    found = RunningMeanStd(shape=tuple(saved["mean"].shape))
    found.mean, found.var = saved["mean"].numpy(), saved["var"].numpy()
    found.count = saved["count"]
    return found
