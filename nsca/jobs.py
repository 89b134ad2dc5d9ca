"""Runs the missing jobs of a study or a gate in long-lived worker processes.

Each worker imports the suite once and then does job after job on its share of the cores. Only the
parent writes the table, one whole job at a time, so the command may be killed at any moment: what
is in the table is done. Asked to stop, it begins no further job; Ctrl-C reaches the workers too,
where a job that listens saves and leaves, and any other runs to its end.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from nsca.errors import UserError
from nsca.hardware import available_cores
from nsca.job_table import Job, JobTable
from nsca.stop_signals import graceful_stop
from nsca.verb import Stopped
from nsca.worker_process import start_worker


@runtime_checkable
class Specification(Protocol):
    """What a job needs to run; goes to the worker, so it must be picklable."""

    @property
    def job(self) -> Job:
        """Condition and seed."""
        ...


AnySpecification = TypeVar("AnySpecification", bound=Specification)


@dataclass(frozen=True)
class JobOutcome:
    """What came of a job: its figures with their origin, the error that ended it, or the exit code
    of a signal that stopped it after saving.

    Attributes:
        job: which one.
        metrics: its figures.
        origin: where they come from, one text a column of jobs.csv (`seconds` among them); None
            when the job did not end.
        error: in one line.
        stopped: exit code.
        series: curves, columns of equal length.
    """

    job: Job
    metrics: Mapping[str, float]
    origin: Mapping[str, str] | None
    error: str | None
    stopped: int | None = None
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)


Run = Callable[[Any, Path], JobOutcome | Sequence[JobOutcome]]


def process_count(asked: int | None) -> int:
    """How many worker processes `workers=` means; None takes every core.

    Raises:
        UserError: fewer than one.
    """
    workers = available_cores() if asked is None else asked
    if workers < 1:
        raise UserError(f"workers={workers}: at least one process is needed", "workers=1")
    return workers


def _start_worker(threads: int) -> None:
    start_worker()
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)


def run_missing(
    specifications: Sequence[AnySpecification],
    run: Run,
    table: JobTable,
    workers: int,
    log: Path,
    report: Callable[[str], None],
    threads: int | None = None,
    gather: Callable[[Sequence[AnySpecification]], Sequence[Specification]] | None = None,
) -> list[JobOutcome]:
    """Run every job that is not in the table yet; add each as it ends; return the failures.

    Args:
        specifications: all jobs, in the order to start them.
        run: does one of them in a worker; the path is where what it prints goes. A function of a
            module. What it raises ends everything: it should return errors as outcomes. Several
            outcomes where `gather` has put several jobs into one specification.
        table: to resume from and to extend.
        workers: processes, at least one.
        log: folder of those files.
        report: receives one line per finished, failed or stopped job.
        threads: of each worker; None for an equal share of the cores.
        gather: from the missing jobs to what workers do in one go; None leaves each alone.

    Raises:
        UserError: a worker died.
        Stopped: a signal asked for it; the jobs that were in progress have ended.
    """
    missing = [s for s in specifications if s.job not in table.finished()]
    report(f"{len(specifications) - len(missing)} jobs done before, {len(missing)} to run")
    failures: list[JobOutcome] = []
    stopped: list[int] = []
    threads = threads or max(1, available_cores() // workers)
    with graceful_stop(lambda n: stopped.append(128 + n), "ending the jobs in progress"):
        work = missing if gather is None else gather(missing)
        outcomes = _outcomes(work, run, workers, threads, log, lambda: bool(stopped))
        for done, outcome in enumerate(outcomes, start=1):
            name = f"{done}/{len(missing)} {outcome.job.condition} seed={outcome.job.seed}"
            if outcome.origin is not None:
                table.add(outcome.job, outcome.metrics, outcome.origin, outcome.series)
                report(f"{name} ({float(outcome.origin['seconds']):.0f} s)")
            elif outcome.stopped is not None:
                stopped.append(outcome.stopped)
                report(f"{name} stopped; what it trained is saved")
            else:
                failures.append(outcome)
                report(f"{name} failed: {outcome.error}")
    if stopped:
        raise Stopped(table.path.parent, stopped[0])
    return failures


def _outcomes(
    specifications: Sequence[Specification],
    run: Run,
    workers: int,
    threads: int,
    log: Path,
    stop: Callable[[], bool],
) -> Iterator[JobOutcome]:
    """Outcomes, as they come; once `stop` says so no further job begins.

    Only as many jobs as workers are handed out: one in the pool's queue cannot be withdrawn.
    """
    if not specifications:
        return  # no process for nothing
    waiting = iter(specifications)
    running: set[Future[JobOutcome | Sequence[JobOutcome]]] = set()
    try:
        with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (threads,)) as pool:
            while True:
                while len(running) < workers and not stop():
                    spec = next(waiting, None)
                    if spec is None:
                        break
                    file = log / f"{spec.job.condition}-{spec.job.seed}.log"
                    running.add(pool.submit(run, spec, file))
                if not running:
                    return
                done, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                failures = [error for future in done if (error := future.exception())]
                for future in done:
                    if not future.exception():
                        found = future.result()
                        yield from [found] if isinstance(found, JobOutcome) else found
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
