"""What a benchmark of agents hands back: one row per figure of one agent in one task."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from nsca.statistics import share_interval

SUCCESS, IMAGINED, MODEL_ERROR = "success", "imagined", "model_error_cm"
ADAPTED = "adapted"  # success after adapting by trial, goals hidden
FILM = "episodes.gif"  # in the evaluation's folder, where one was made


@dataclass(frozen=True)
class Outcome:
    """One measured figure.

    task: full name. demonstrations: learned from; 0 where the agent has none. seed: of episodes
    (and of demonstrations and learning, where the benchmark does those). agent: whose figure.
    figure: SUCCESS (share of episodes that succeed at any step), ADAPTED, IMAGINED (share of plans
    that end within 4 cm of their promise in imagination) or MODEL_ERROR (root mean square error of
    places an eighth of a second ahead, on held-out demonstrations, in cm). value: the figure. low,
    high: 95 % interval over episodes; of the model's error NaN. samples: episodes or windows.
    world: backend and physics.
    """

    task: str
    demonstrations: int
    seed: int
    agent: str
    figure: str
    value: float
    low: float
    high: float
    samples: int
    world: str

    @property
    def name(self) -> str:
        """Flat name without the seed: task/demonstrations/figure/agent."""
        return f"{self.task}/{self.demonstrations}/{self.figure}/{self.agent}"


def share(
    task: str,
    demonstrations: int,
    seed: int,
    agent: str,
    figure: str,
    hits: Sequence[bool] | np.ndarray,
    world: str,
) -> Outcome:
    """A share of episodes with its interval.

    Args:
        task, demonstrations, seed, agent, figure, world: see `Outcome`.
        hits: [n] bool, one an episode.
    """
    value = float(np.mean(hits))
    low, high = share_interval(value, len(hits))
    return Outcome(task, demonstrations, seed, agent, figure, value, low, high, len(hits), world)


def outcome_metrics(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Every figure by its name, means over seeds; and means over tasks where there are several, as
    `mean/<demonstrations>/<figure>/<agent>`.
    """
    by_name: dict[str, list[float]] = defaultdict(list)
    tasks: dict[str, set[str]] = defaultdict(set)
    over: dict[str, list[float]] = defaultdict(list)
    for each in outcomes:
        by_name[each.name].append(each.value)
        mean = f"mean/{each.demonstrations}/{each.figure}/{each.agent}"
        over[mean].append(each.value)
        tasks[mean].add(each.task)
    found = {name: float(np.mean(values)) for name, values in by_name.items()}
    means = {name: float(np.mean(values)) for name, values in over.items() if len(tasks[name]) > 1}
    return found | means


def holds_outcomes(path: Path) -> bool:
    """Whether a table's columns are those of outcomes."""
    with path.open(newline="", encoding="utf-8") as stream:
        return next(csv.reader(stream), []) == [field.name for field in fields(Outcome)]
