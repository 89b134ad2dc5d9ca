"""Recording demonstrations: metaworld's scripted expert plays episodes until enough succeeded.

Which demonstrations come out follows from the settings alone: episodes are taken in the order of
their index, each expert's noise is drawn from its episode's seed, and how many episodes are played
side by side changes nothing.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nsca.data.demonstration_manifest import TABLE, read_demonstration_manifest
from nsca.data.demonstrations import Demonstration, load_demonstrations, store_demonstrations
from nsca.data.volume import exclusive, friendly_disk_errors
from nsca.errors import UserError
from nsca.worlds.metaworld.env import MAX_STEPS, MetaWorldEnvs, choose_backend
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.experts import Expert
from nsca.worlds.metaworld.physics import AlteredPhysics
from nsca.worlds.metaworld.task_names import resolve_task

SIDE_BY_SIDE = 16  # episodes in one pool of EnvPool
TRIES_PER_DEMONSTRATION, TRIES_MORE = 10, 20
_OWN_FILES = {TABLE, "manifest.json", "README.md", "run.lock"}
_HALF_WRITTEN = ".*.tmp-*"


class Recording(NamedTuple):
    """Demonstrations, and how many episodes were played up to and with the last of them."""

    demonstrations: list[Demonstration]
    tried: int

    @property
    def success_rate(self) -> float:
        """Of the expert, 0 to 1."""
        return len(self.demonstrations) / self.tried


def record_demonstrations(
    task: str,
    count: int,
    seed: int,
    *,
    backend: str = "auto",
    action_noise: float = 0.0,
    physics: AlteredPhysics | None = None,
    steps_after_success: int = 30,
    max_steps: int = MAX_STEPS,
    side_by_side: int = SIDE_BY_SIDE,
    report: Callable[[int, int], None] | None = None,
) -> Recording:
    """Lets the expert play episodes of purpose "demonstrations" until `count` succeeded.

    An episode ends `steps_after_success` steps after its first success: what stops at the first
    success stops short of the goal. Episodes without one are dropped and counted.

    Args:
        task: see `resolve_task`.
        count: how many demonstrations.
        seed: of the experiment; decides the episodes' places.
        backend: see `MetaWorldEnvs`.
        action_noise: see `Expert`.
        physics: factors on gravity, mass and friction.
        steps_after_success: at least 0.
        max_steps: length of an episode, at most 500.
        side_by_side: episodes played at once by EnvPool; changes nothing but the time.
        report: called with successes and episodes played so far.

    Raises:
        UserError: a setting out of range, or an expert that fails too often: fewer than `count`
            successes in 10 times `count` + 20 episodes; its success rate is stated.
    """
    task = resolve_task(task)
    physics = physics or AlteredPhysics()
    _check(count, seed, action_noise, steps_after_success)
    if choose_backend(task, backend, physics) == "metaworld":
        side_by_side = 1  # it steps them one after the other, so that more would only be wasted
    limit = TRIES_PER_DEMONSTRATION * count + TRIES_MORE
    found: list[Demonstration] = []
    played = tried = 0
    envs: MetaWorldEnvs | None = None
    while len(found) < count and played < limit:
        batch = min(side_by_side, count - len(found), limit - played)
        if envs is None or envs.num_envs != batch:
            if envs is not None:
                envs.close()
            envs = MetaWorldEnvs(task, batch, backend, physics, max_steps)
        seeds = episode_seeds(task, "demonstrations", seed, batch, first=played)
        for episode in _play(envs, seeds, action_noise, steps_after_success):
            played += 1
            if episode is not None:
                found.append(episode)
                tried = played
        if report is not None:
            report(len(found), played)
    if envs is not None:
        envs.close()
    if len(found) < count:
        raise UserError(
            f"the expert of {task} succeeded in {len(found)} of {played} episodes "
            f"({len(found) / played:.0%}), too few for {count} demonstrations",
            "alter the physics less, take less noise, or ask for fewer demonstrations",
        )
    return Recording(found, tried)


def _check(count: int, seed: int, action_noise: float, steps_after_success: int) -> None:
    for name, value, least in (
        ("count", count, 1),
        ("seed", seed, 0),
        ("action_noise", action_noise, 0),
        ("steps_after_success", steps_after_success, 0),
    ):
        if not least <= value < np.inf:
            raise UserError(f"{name} is {value}", f"choose {least} or more")


def _play(
    envs: MetaWorldEnvs, seeds: list[int], action_noise: float, steps_after_success: int
) -> list[Demonstration | None]:
    """One episode a seed; None where there was no success, or the physics became unstable."""
    experts = [
        Expert(envs.task, action_noise, np.random.default_rng(seed) if action_noise else None)
        for seed in seeds
    ]
    seen, _ = envs.reset(seed=seeds)
    observations, actions, rewards, success = [seen], [], [], []
    ends = np.full(len(seeds), envs.max_steps)  # how many steps of each episode are kept
    succeeded = np.zeros(len(seeds), bool)
    while len(actions) < ends.max():
        rows = [expert(row[None])[0] for expert, row in zip(experts, seen, strict=True)]
        actions.append(np.stack(rows).astype(np.float32))
        seen, reward, _, _, info = envs.step(actions[-1])
        observations.append(seen)
        rewards.append(reward)
        success.append(info["success"])
        now = info["success"] & ~succeeded
        ends[now] = np.minimum(len(actions) + steps_after_success, envs.max_steps)
        succeeded |= now
    every = [np.stack(values, axis=1) for values in (observations, actions, rewards, success)]
    episodes: list[Demonstration | None] = []
    for number, (seed, end) in enumerate(zip(seeds, ends, strict=True)):
        seen, acted, rewarded, done = (values[number] for values in every)
        episode = Demonstration(
            task=envs.task,
            seed=seed,
            observations=seen[: end + 1].astype(np.float32),
            actions=acted[:end],
            rewards=rewarded[:end].astype(np.float32),
            success=done[:end],
        )
        episodes.append(None if any(episode.problems()) else episode)
    return episodes


@dataclass(frozen=True)
class RecordingSettings:
    """What a set of demonstrations follows from; see `record_demonstrations`."""

    task: str
    count: int = 10
    seed: int = 0
    backend: str = "auto"
    action_noise: float = 0.0
    gravity: float = 1.0
    mass: float = 1.0
    friction: float = 1.0
    steps_after_success: int = 30
    max_steps: int = MAX_STEPS

    @property
    def physics(self) -> AlteredPhysics:
        """The factors as one value.

        Raises:
            UserError: a factor that cannot be.
        """
        try:
            return AlteredPhysics(self.gravity, self.mass, self.friction)
        except ValueError as error:
            raise UserError(
                f"mass is {self.mass}, friction {self.friction}: {error}", "choose other factors"
            ) from error

    def configuration(self) -> dict[str, Any]:
        """As the manifest keeps them: the task's full name, and the backend that really plays."""
        task = resolve_task(self.task)
        backend = choose_backend(task, self.backend, self.physics)
        return asdict(self) | {"task": task, "backend": backend}


def make_demonstration_set(
    settings: RecordingSettings,
    root: Path,
    report: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Any], bool]:
    """The manifest of the set at `root`, and whether it had to be recorded.

    A finished set of the same settings is kept; one that is damaged or was not finished is recorded
    again.

    Raises:
        UserError: as `record_demonstrations`; the folder holds other settings or other things;
            another process is writing it; it cannot be written.
    """
    wanted = settings.configuration()
    if root.is_dir():
        _require_place(root, wanted)  # before a lock is left in somebody else's folder
    with friendly_disk_errors(root, "--path"), exclusive(root, "--path"):
        _require_place(root, wanted)
        if (root / "manifest.json").is_file() and _is_intact(root):
            return read_demonstration_manifest(root), False
        options = {key: wanted[key] for key in ("task", "count", "seed", "backend")}
        recording = record_demonstrations(
            **options,
            action_noise=settings.action_noise,
            physics=settings.physics,
            steps_after_success=settings.steps_after_success,
            max_steps=settings.max_steps,
            report=report,
        )
        for half in root.glob(_HALF_WRITTEN):
            half.unlink()
        return store_demonstrations(root, recording.demonstrations, wanted, recording.tried), True


def _require_place(root: Path, wanted: dict[str, Any]) -> None:
    strangers = sorted(
        entry.name
        for entry in root.iterdir()
        if entry.name not in _OWN_FILES and not entry.match(_HALF_WRITTEN)
    )
    if strangers:
        raise UserError(
            f"{root} is not empty and not a set of demonstrations (found {strangers[0]})",
            "choose a new or empty folder with --path",
        )
    if not (root / "manifest.json").is_file():
        return
    there = read_demonstration_manifest(root)["configuration"]
    keys = sorted(set(there) | set(wanted))
    differ = [
        f"{k}: {there.get(k)} -> {wanted.get(k)}" for k in keys if there.get(k) != wanted.get(k)
    ]
    if differ:
        raise UserError(
            f"{root} holds demonstrations of other settings ({', '.join(differ)})",
            "choose another --path, repeat it with the set's own settings, or delete it",
        )


def _is_intact(root: Path) -> bool:
    try:
        load_demonstrations(root)
    except UserError:
        return False
    return True
