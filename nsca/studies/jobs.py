"""Runs the missing jobs of a study in long-lived worker processes.

Each worker imports the suite once and then trains and evaluates job after job, on its share of
the cores. Only the parent writes the table, one whole job at a time, so a study may be killed at
any moment: what is in the table is done, and a job cut in training goes on from its checkpoint
(`resume=auto`).
"""

import contextlib
import hashlib
import json
import os
import re
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from nsca.studies.results import Job, Provenance, StudyResults


@dataclass(frozen=True)
class JobSpecification:
    """How to run one job: the overrides of its training run and of its evaluation.

    Figures whose name matches the regular expression `leave_out` are not kept.
    """

    job: Job
    train: tuple[str, ...]
    evaluate: tuple[str, ...]
    leave_out: str

    @property
    def settings(self) -> str:
        """Twelve digits that change with any override, but not with where outputs go."""
        train, evaluate = (
            [override for override in verb if not override.startswith("outputs=")]
            for verb in (self.train, self.evaluate)
        )
        text = json.dumps([train, evaluate, self.leave_out])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class JobOutcome:
    """What came of a job: its figures and provenance, or the error that ended it."""

    job: Job
    metrics: dict[str, float]
    provenance: Provenance | None
    error: str | None


def short(fingerprint: str) -> str:
    """The part of a sha256 that tables show."""
    return fingerprint[:12]


def train_and_evaluate(specification: JobSpecification, log: Path) -> JobOutcome:
    """Train one condition under one seed, evaluate it, and collect the figures.

    Everything the two verbs print goes to `log`. An exception becomes the outcome's `error`, with
    its traceback in the log: one failed job must not end the study.
    """
    from nsca.evaluate import evaluate
    from nsca.run_card import load_run_card
    from nsca.training import run_training
    from nsca.verb import compose

    job = specification.job
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            seed = f"seed={job.seed}"
            run = run_training(compose("train", [*specification.train, seed, "resume=auto"]))
            judged = evaluate(compose("evaluate", [*specification.evaluate, f"run={run}", seed]))
            trained_card, judged_card = load_run_card(run), load_run_card(judged)
        except Exception as error:  # noqa: BLE001 -- reported, and the study goes on
            traceback.print_exc(file=out)
            return JobOutcome(job, {}, None, f"{type(error).__name__}: {error}")
    return JobOutcome(
        job,
        {
            name: value
            for name, value in judged_card["metrics"].items()
            if not re.search(specification.leave_out, name)
        },
        Provenance(
            steps=int(trained_card["metrics"]["steps"]),
            seconds=float(trained_card["seconds"]),
            commit=str(trained_card["commit"]),
            data=short(trained_card["data_fingerprint"]),
            settings=specification.settings,
        ),
        None,
    )


def _start_worker(threads: int) -> None:
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)


def run_missing(
    specifications: Sequence[JobSpecification],
    results: StudyResults,
    workers: int,
    log: Path,
    report: Callable[[str], None],
) -> list[JobOutcome]:
    """Run every job that is not in the table yet; add each as it ends; return the failures.

    Args:
        specifications: all jobs of the study, in the order to start them.
        results: the table to resume from and to extend.
        workers: processes; each gets an equal share of the cores.
        log: where what the jobs print goes.
        report: receives one line per finished or failed job.
    """
    missing = [s for s in specifications if s.job not in results.finished()]
    report(f"{len(specifications) - len(missing)} jobs done before, {len(missing)} to run")
    if not missing:
        return []
    threads = max(1, (os.cpu_count() or 1) // workers)
    failures = []
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(threads,)
    ) as pool:
        futures = [
            pool.submit(train_and_evaluate, s, log / f"{s.job.condition}-{s.job.seed}.log")
            for s in missing
        ]
        for done, future in enumerate(as_completed(futures), start=1):
            outcome = future.result()
            name = f"{outcome.job.condition} seed={outcome.job.seed}"
            if outcome.provenance is None:
                failures.append(outcome)
                report(f"{done}/{len(missing)} {name} failed: {outcome.error}")
            else:
                results.add(outcome.job, outcome.metrics, outcome.provenance)
                report(f"{done}/{len(missing)} {name} ({outcome.provenance.seconds:.0f} s)")
    return failures
