"""ML10's five test tasks: from a few demonstrations, and by metaworld's own adaptation protocol.

(a) Few-shot: for each seed, task and number of demonstrations a dynamics model is trained on the
demonstrations alone (neither simulator nor expert is reached) and its agent plays episodes that
were neither demonstrated nor tuned on. Arms: `few_shot` with the prior, `blank` the same without,
`warped` without any model. The 10 training tasks are not used: nothing is pretrained.

(b) Adaptation: see `nsca.benchmarks.adaptation`. What is judged there is the rollout-only baseline
and its control, to say what trial and error alone reaches; no agent of ours takes part.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from nsca.agents.imagining import ImaginingAgent
from nsca.agents.warped_demonstrations import WarpedDemonstrations
from nsca.benchmarks.adaptation import TEST_TASKS, AdaptationProtocol, success_after_adaptation
from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.few_shot_learning import HELD_OUT, Recipe, Shown, learn
from nsca.benchmarks.manipulation import WARPED, acted, model_errors, world_of
from nsca.benchmarks.outcomes import ADAPTED, Outcome, outcome_metrics, share
from nsca.benchmarks.repeated_best import RandomActing, RepeatedBest
from nsca.benchmarks.success import Agent, play
from nsca.data.demonstrating import record_demonstrations
from nsca.errors import UserError
from nsca.jobs import process_count
from nsca.priors.none import NoPrior
from nsca.priors.prior import Prior
from nsca.priors.weight import PriorWeight
from nsca.worker_process import start_worker
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.physics import AlteredPhysics

FEW_SHOT, BLANK = "few_shot", "blank"
REPEATED_BEST, RANDOM = "repeated_best", "random"
QUICK_STEPS, QUICK_EPISODES, QUICK_LENGTH = 20, 3, 60
Cell = Callable[[], list[Outcome]]


@dataclass(frozen=True)
class FewShotSettings:
    """prior: of the arm `few_shot`. weight: of it, held. recipe: of training, in both arms. counts:
    of demonstrations. episodes: that every agent plays.
    """

    prior: Prior
    weight: float
    recipe: Recipe
    counts: Sequence[int]
    episodes: int


class MetaworldML10:
    """The benchmark with its budget.

    Args:
        prior, weight, recipe, counts, episodes: see `FewShotSettings`.
        adaptation: see `AdaptationProtocol`.
        seeds: so many, from the evaluation's own on.
        workers: processes; None for every core.
        quick: a smoke test: one seed, one demonstration, a few steps and episodes.

    Raises:
        UserError: a number out of range.
    """

    judges: ClassVar[str | None] = None
    row: ClassVar[type] = Outcome

    def __init__(
        self,
        prior: Prior,
        weight: float,
        recipe: Recipe,
        counts: Sequence[int],
        episodes: int,
        adaptation: AdaptationProtocol,
        seeds: int,
        workers: int | None,
        quick: bool,
    ) -> None:
        if not counts or min(*counts, episodes, seeds) < 1:
            raise UserError(
                f"counts={list(counts)}, episodes={episodes}, seeds={seeds}", "1 or more of each"
            )
        if quick:
            recipe = replace(recipe, steps=QUICK_STEPS)
            counts, episodes, seeds = [1], QUICK_EPISODES, 1
            adaptation = AdaptationProtocol(1, 2, 1, QUICK_LENGTH)
        self.few_shot = FewShotSettings(prior, weight, recipe, counts, episodes)
        self.adaptation = adaptation
        self.seeds = seeds
        self.workers = process_count(workers)

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Outcome]]:
        """See `Benchmark`."""
        cells: list[Cell] = [
            partial(judge_task, self.few_shot, task, each)
            for each in range(seed, seed + self.seeds)
            for task in TEST_TASKS
        ]
        cells += [
            partial(judge_adaptation, name, self.adaptation, each)
            for each in range(seed, seed + self.seeds)
            for name in (REPEATED_BEST, RANDOM)
        ]
        for done, rows in enumerate(_results(cells, self.workers), start=1):
            print(f"{done}/{len(cells)} {_said(rows)}", flush=True)
            yield rows

    def metrics(self, rows: Sequence[Outcome]) -> Mapping[str, float]:
        """See `outcome_metrics`."""
        return outcome_metrics(rows)


def _results(cells: Sequence[Cell], workers: int) -> Iterator[list[Outcome]]:
    """What each cell gives, as they end; in this process where it is alone."""
    if workers == 1:
        yield from (cell() for cell in cells)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_single) as pool:
        futures = [pool.submit(cell) for cell in cells]
        try:
            yield from (future.result() for future in as_completed(futures))
        finally:
            pool.shutdown(cancel_futures=True)


def _start_single() -> None:
    """Small networks lose by threads, and the cores are the workers'."""
    start_worker()
    torch.set_num_threads(1)


def _said(rows: Sequence[Outcome]) -> str:
    first = rows[0]
    where = first.task if len({row.task for row in rows}) == 1 else "adaptation"
    shares = [row for row in rows if np.isfinite(row.low)]
    figures = ", ".join(f"{row.agent} {row.figure} {row.value:.2f}" for row in shares)
    return f"{where} seed {first.seed}: {figures}"


def judge_task(settings: FewShotSettings, task: str, seed: int) -> list[Outcome]:
    """Every number of demonstrations and arm of one task and seed.

    A smaller number of demonstrations is a part of a larger; the held-out ones are the same.

    Args:
        settings: see there.
        task: full name.
        seed: of demonstrations, learning and episodes.
    """
    most = max(settings.counts)
    found = record_demonstrations(task, most + HELD_OUT, seed).demonstrations
    episodes = episode_seeds(task, "evaluation", seed, settings.episodes)
    world = world_of(task, "auto", AlteredPhysics())
    rows: list[Outcome] = []
    for count in settings.counts:
        shown = Shown(found[:count], found[most:])
        phases = {}
        for name, prior, weight in (
            (FEW_SHOT, settings.prior, settings.weight),
            (BLANK, NoPrior(), 0.0),
        ):
            torch.manual_seed(seed)  # both arms begin with the same corrections
            held = PriorWeight(weight, 0.0, learnable=False)
            phases[name] = learn(shown, prior, held, settings.recipe, seed)
        agents: dict[str, Agent] = {
            name: ImaginingAgent(shown.learned, phase.dynamics) for name, phase in phases.items()
        }
        agents[WARPED] = WarpedDemonstrations(shown.learned)
        for name, agent in agents.items():
            rows += acted(agent, play(agent, task, episodes), (task, count, seed, name), world)
        rows += model_errors(phases, shown, seed)
    return rows


def judge_adaptation(name: str, protocol: AdaptationProtocol, seed: int) -> list[Outcome]:
    """What the baseline, or its control, reaches in each test task; goals are those of the seed."""
    if name == REPEATED_BEST:
        agent = RepeatedBest(protocol.adaptation_episodes, seed)
    else:
        # What it would do in more adaptation episodes, it would not remember.
        agent, protocol = RandomActing(1, seed), replace(protocol, adaptation_episodes=1)
    rates = success_after_adaptation(agent, protocol, seed)
    count = protocol.episodes
    return [
        share(task, 0, seed, name, ADAPTED, np.arange(count) < round(rate * count), "goal hidden")
        for task, rate in rates.items()
    ]
