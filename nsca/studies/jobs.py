"""Runs the missing jobs of a study in long-lived worker processes.

Each worker imports the suite once and then trains and evaluates job after job, on its share of
the cores. Only the parent writes the table, one whole job at a time, so a study may be killed at
any moment: what is in the table is done, and a job cut in training goes on from its checkpoint
(`resume=auto`). Asked to stop, it begins no further job; Ctrl-C reaches the workers too, where a
training saves and leaves and an evaluation runs to its end.
"""

import contextlib
import hashlib
import json
import os
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from nsca.data.generation_workers import start_worker
from nsca.errors import UserError
from nsca.hardware import available_cores
from nsca.stop_signals import graceful_stop
from nsca.studies.results import Job, Provenance, StudyResults
from nsca.verb import Stopped, compose


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
    """What came of a job: its figures and provenance, the error that ended it, or the exit code of
    a signal that stopped it after saving.
    """

    job: Job
    metrics: dict[str, float]
    provenance: Provenance | None
    error: str | None
    stopped: int | None = None


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

    job = specification.job
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            seed = f"seed={job.seed}"
            run = run_training(compose("train", [*specification.train, seed, "resume=auto"]))
            judged = evaluate(compose("evaluate", [*specification.evaluate, f"run={run}", seed]))
            trained_card, judged_card = load_run_card(run), load_run_card(judged)
        except Stopped as stop:
            return JobOutcome(job, {}, None, None, stop.exit_code)
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


def process_count(asked: int | None) -> int:
    """How many worker processes `workers=` means; None takes every core.

    Raises:
        UserError: fewer than one.
    """
    workers = available_cores() if asked is None else asked
    if workers < 1:
        raise UserError(f"workers={workers}: a study needs at least one process", "workers=1")
    return workers


def _start_worker(threads: int) -> None:
    start_worker()
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
        workers: processes, at least one; each gets an equal share of the cores.
        log: where what the jobs print goes.
        report: receives one line per finished, failed or stopped job.

    Raises:
        UserError: a worker died.
        Stopped: a signal asked for it; the jobs that were in progress have ended.
    """
    missing = [s for s in specifications if s.job not in results.finished()]
    report(f"{len(specifications) - len(missing)} jobs done before, {len(missing)} to run")
    failures: list[JobOutcome] = []
    stopped: list[int] = []
    with graceful_stop(lambda n: stopped.append(128 + n), "ending the jobs in progress"):
        outcomes = _outcomes(missing, workers, log, lambda: bool(stopped))
        for done, outcome in enumerate(outcomes, start=1):
            name = f"{done}/{len(missing)} {outcome.job.condition} seed={outcome.job.seed}"
            if outcome.provenance is not None:
                results.add(outcome.job, outcome.metrics, outcome.provenance)
                report(f"{name} ({outcome.provenance.seconds:.0f} s)")
            elif outcome.stopped is not None:
                stopped.append(outcome.stopped)
                report(f"{name} stopped; what it trained is saved")
            else:
                failures.append(outcome)
                report(f"{name} failed: {outcome.error}")
    if stopped:
        raise Stopped(results.path.parent, stopped[0])
    return failures


def _outcomes(
    specifications: Sequence[JobSpecification], workers: int, log: Path, stop: Callable[[], bool]
) -> Iterator[JobOutcome]:
    """Outcomes, as they come; once `stop` says so no further job begins.

    Only as many jobs as workers are handed out: one in the pool's queue cannot be withdrawn.
    """
    waiting = iter(specifications)
    threads = max(1, available_cores() // workers)
    running: set[Future[JobOutcome]] = set()
    try:
        with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (threads,)) as pool:
            while True:
                while len(running) < workers and not stop():
                    spec = next(waiting, None)
                    if spec is None:
                        break
                    file = log / f"{spec.job.condition}-{spec.job.seed}.log"
                    running.add(pool.submit(train_and_evaluate, spec, file))
                if not running:
                    return
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                failures = [error for future in done if (error := future.exception())]
                yield from (future.result() for future in done if not future.exception())
                if failures:
                    raise failures[0]
    except BrokenProcessPool as error:
        if stop():
            return  # the signal went to the whole group and met a worker that was not training
        raise UserError(
            "a worker process died (killed, or out of memory)",
            "run the same command again to continue; "
            f"workers={max(1, workers // 2)} needs less memory",
        ) from error
