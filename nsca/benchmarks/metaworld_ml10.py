"""ML10's test tasks by metaworld's own adaptation protocol: what trial and error alone reaches.

What is judged is a baseline that only rolls out, and its control; no agent of ours takes part. What
ours reaches in these tasks from demonstrations is a study (`conf/study/fewshot_ml10.yaml`), since
it trains. See `nsca.benchmarks.adaptation`.

A full run takes most of an hour, so every seed of every agent is kept as it ends, in a folder of
the protocol and the code: the same command goes on after a kill.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from nsca.benchmarks.adaptation import AdaptationProtocol, success_after_adaptation
from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.outcomes import ADAPTED, Outcome, outcome_metrics, share
from nsca.benchmarks.repeated_best import RandomActing, RepeatedBest
from nsca.benchmarks.scores import read_table, write_table
from nsca.code_fingerprint import code_fingerprint
from nsca.errors import UserError
from nsca.jobs import process_count
from nsca.worker_process import start_worker

REPEATED_BEST, RANDOM = "repeated_best", "random"
QUICK = AdaptationProtocol(goals=1, adaptation_episodes=2, evaluation_episodes=1, max_steps=60)
Cell = Callable[[], list[Outcome]]


class MetaworldML10:
    """The benchmark with its budget.

    Args:
        adaptation: see `AdaptationProtocol`.
        seeds: so many, from the evaluation's own on.
        workers: processes; None for every core.
        home: where finished cells are kept.
        quick: a smoke test: one seed, one goal, two short episodes.

    Raises:
        UserError: a number out of range.
    """

    judges: ClassVar[frozenset[str]] = frozenset()
    row: ClassVar[type] = Outcome

    def __init__(
        self,
        adaptation: AdaptationProtocol,
        seeds: int,
        workers: int | None,
        home: str,
        quick: bool,
    ) -> None:
        if seeds < 1:
            raise UserError(f"seeds={seeds}", "1 or more")
        self.adaptation = QUICK if quick else adaptation
        self.seeds = 1 if quick else seeds
        self.workers = process_count(workers)
        made = f"{self.adaptation} {version('metaworld')} {code_fingerprint([__name__])}"
        self.home = Path(home) / hashlib.sha256(made.encode()).hexdigest()[:12]

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Outcome]]:
        """See `Benchmark`."""
        self.home.mkdir(parents=True, exist_ok=True)
        cells: list[Cell] = [
            partial(kept_adaptation, self.home, name, self.adaptation, each)
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
    mean = np.mean([row.value for row in rows])
    return f"seed {rows[0].seed}: {rows[0].agent} succeeds in {mean:.2f} over {len(rows)} tasks"


def kept_adaptation(
    home: Path, name: str, protocol: AdaptationProtocol, seed: int
) -> list[Outcome]:
    """What `judge_adaptation` gave when it ran in this folder; else it runs, and is kept."""
    file = home / f"{name}_{seed}.csv"
    if file.is_file():
        return read_table(file, Outcome)
    rows = judge_adaptation(name, protocol, seed)
    beginning = file.with_suffix(".part")
    write_table(rows, beginning, Outcome)
    beginning.replace(file)
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
