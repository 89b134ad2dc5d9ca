"""A few-shot run at work in Meta-World, beside the same model before training and no model at all.

Episodes are of purpose "evaluation": none of them was demonstrated or tuned on. All agents play the
same ones. `untrained` acts with initial weights of the run's own seed (the prior, as far as it has
one); `accept_all` has the trained model and takes its plans by chance; the agents of `BASELINES`
have the same demonstrations and no model; `expert` is Meta-World's script, under the same physics;
`still`, for the model's error alone, is that nothing moves.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from nsca.agents.imagining import ImaginingAgent
from nsca.assembly import build_phase
from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.few_shot_arms import BASELINES
from nsca.benchmarks.few_shot_learning import (
    IMAGINED_WITHIN_M,
    Shown,
    held_out_windows,
    model_error_cm,
    motion_cm,
)
from nsca.benchmarks.filming import FRAMES_PER_S, film
from nsca.benchmarks.outcomes import (
    FILM,
    IMAGINED,
    MODEL_ERROR,
    SUCCESS,
    Outcome,
    outcome_metrics,
    share,
)
from nsca.benchmarks.success import Agent, Played, play
from nsca.data.demonstration_source import DemonstrationSplit
from nsca.data.preview import gif
from nsca.errors import UserError
from nsca.notice import notice
from nsca.phases.fewshot.module import FewShotPhase
from nsca.worlds import gl
from nsca.worlds.metaworld.env import BACKENDS, choose_backend
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.experts import Expert
from nsca.worlds.metaworld.physics import AlteredPhysics

TRAINED, UNTRAINED, ACCEPT_ALL, STILL = "trained", "untrained", "accept_all", "still"
EXPERT = "expert"


class Scripted:
    """The expert as one more agent."""

    def __init__(self, task: str) -> None:
        self._expert = Expert(task)

    def begin(self, observations: np.ndarray) -> None:
        """It remembers nothing."""

    def act(self, observations: np.ndarray) -> np.ndarray:
        return self._expert(observations)


class Manipulation:
    """The benchmark with its budget.

    Args:
        episodes: that every agent plays.
        backend: see `MetaWorldEnvs`.
        gravity, mass, friction: factors on Meta-World's own (`AlteredPhysics`).
        filmed: so many episodes of the trained agent are filmed into `episodes.gif`; 0 for none.

    Raises:
        UserError: a setting out of range.
    """

    judges: ClassVar[frozenset[str]] = frozenset({"fewshot"})
    row: ClassVar[type] = Outcome

    def __init__(
        self,
        episodes: int,
        backend: str,
        gravity: float,
        mass: float,
        friction: float,
        filmed: int,
    ) -> None:
        if episodes < 1 or not 0 <= filmed <= episodes:
            raise UserError(
                f"episodes={episodes}, filmed={filmed}", "at least 1, and at most as many filmed"
            )
        if backend not in BACKENDS:
            raise UserError(f"there is no backend '{backend}'", f"one of {', '.join(BACKENDS)}")
        self.episodes = episodes
        self.backend = backend
        self.physics = AlteredPhysics(gravity, mass, friction)
        self.filmed = filmed

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Outcome]]:
        """See `Benchmark`: success, imagined success and model error.

        Raises:
            UserError: the run is no few-shot run with demonstrations, or EnvPool is asked for
                altered physics.
        """
        phase, shown = opened(run)
        untrained = twin(run)
        task, count = shown.learned[0].task, len(shown.learned)
        ours = ImaginingAgent(shown.learned, phase.dynamics)
        agents: dict[str, Callable[[], Agent]] = {
            TRAINED: lambda: ours,
            UNTRAINED: lambda: ImaginingAgent(shown.learned, untrained.dynamics),
            ACCEPT_ALL: lambda: ImaginingAgent(
                shown.learned, phase.dynamics, choice="chance", seed=seed
            ),
            **{name: partial(make, shown.learned, seed) for name, make in BASELINES.items()},
            EXPERT: lambda: Scripted(task),
        }
        world = world_of(task, self.backend, self.physics)
        if shown.held_out:
            yield model_errors({TRAINED: phase, UNTRAINED: untrained}, shown, seed)
        seeds = episode_seeds(task, "evaluation", seed, self.episodes)
        for name, make in agents.items():
            print(f"{task}: {self.episodes} episodes of {name}")
            agent = make()
            played = play(agent, task, seeds, backend=self.backend, physics=self.physics)
            yield acted(agent, played, (task, count, seed, name), world)
        if self.filmed:
            self._film(ours, task, seeds[: self.filmed], folder)

    def metrics(self, rows: Sequence[Outcome]) -> Mapping[str, float]:
        """See `outcome_metrics`."""
        return outcome_metrics(rows)

    def _film(self, agent: Agent, task: str, seeds: Sequence[int], folder: Path) -> None:
        """Where nothing can be drawn there is a notice instead: figures need no picture."""
        if gl.choose_backend().backend is None:
            notice(f"no {FILM}: {gl.probe().notice}")
            return
        pictures, _ = film(agent, task, seeds, self.physics)
        gif(folder / FILM, pictures, FRAMES_PER_S, scale=1)


def acted(
    agent: Agent, played: Played, key: tuple[str, int, int, str], world: str
) -> list[Outcome]:
    """Success, and of an agent that imagines also how often it promised itself success.

    Args:
        agent: that has just played.
        played: what came of it.
        key: task, demonstrations, seed and agent's name of the rows.
        world: see `Outcome`.
    """
    rows = [share(*key, SUCCESS, played.success, world)]
    if isinstance(agent, ImaginingAgent) and agent.imagines:
        near = np.array(agent.imagined_errors_m) < IMAGINED_WITHIN_M
        rows.append(share(*key, IMAGINED, near, world))
    return rows


def opened(run: JudgedRun | None) -> tuple[FewShotPhase, Shown]:
    """A run's phase, and the demonstrations that it learned from and that only measure.

    Raises:
        UserError: the phase or the data are of another kind.
    """
    if run is None:
        raise ValueError("a run is needed")
    if not isinstance(run.phase, FewShotPhase) or not isinstance(run.source, DemonstrationSplit):
        raise UserError(
            f"{run.path} has no demonstrations or no dynamics of objects",
            "give a run of phase=fewshot",
        )
    return run.phase, Shown(run.source.train(), run.source.val())


def twin(run: JudgedRun | None) -> FewShotPhase:
    """The run's phase with initial weights of the run's seed."""
    if run is None:
        raise ValueError("a run is needed")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(run.config.seed))
        phase = build_phase(run.config).eval()
    if not isinstance(phase, FewShotPhase):
        raise TypeError(f"{type(phase).__name__} is no few-shot phase")
    return phase


def model_errors(phases: Mapping[str, FewShotPhase], shown: Shown, seed: int) -> list[Outcome]:
    """The error of each model on held-out demonstrations, and that of expecting no motion."""
    cut = held_out_windows(shown)
    errors = {name: model_error_cm(phase, cut) for name, phase in phases.items()}
    errors[STILL] = motion_cm(cut)
    first = Outcome(
        task=shown.learned[0].task,
        demonstrations=len(shown.learned),
        seed=seed,
        agent="",
        figure=MODEL_ERROR,
        value=0.0,
        low=float("nan"),
        high=float("nan"),
        samples=len(cut),
        world="held-out demonstrations",
    )
    return [replace(first, agent=name, value=error) for name, error in errors.items()]


def world_of(task: str, backend: str, physics: AlteredPhysics) -> str:
    """The backend that plays, and what is altered: "envpool", "metaworld, mass x 2".

    Raises:
        UserError: see `choose_backend`.
    """
    factors = {"gravity": physics.gravity, "mass": physics.mass, "friction": physics.friction}
    altered = [f"{name} x {factor:g}" for name, factor in factors.items() if factor != 1]
    return ", ".join([choose_backend(task, backend, physics), *altered])
