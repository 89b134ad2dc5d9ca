"""Jobs without training; worker processes import them by name."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from nsca.job_table import Job
from nsca.jobs import JobOutcome
from nsca.stop_signals import graceful_stop

ORIGIN = ("seconds", "settings")
WHERE = {"seconds": "1.0", "settings": "ghi"}


@dataclass(frozen=True)
class Task:
    """A job and nothing else."""

    job: Job


class InlinePool:
    """Runs each job at once in this process; real processes would import the suite twice."""

    def __init__(self, *_, **__) -> None:
        pass

    def __enter__(self) -> "InlinePool":
        return self

    def __exit__(self, *_) -> None:
        pass

    def submit(self, function: Callable, *arguments: object) -> Future:
        future = Future()
        future.set_result(function(*arguments))
        return future


def run_job(specification: Task, log: Path) -> JobOutcome:
    """`dies` once the table has a row, `hangs` with its process id in the log, `waits` for a file,
    `trains` until it is stopped; any other ends at once.
    """
    match specification.job.condition:
        case "dies":
            while not (log.parent / "jobs.csv").exists():
                time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGKILL)
        case "hangs":
            log.write_text(str(os.getpid()))
            time.sleep(600)
        case "waits":
            log.touch()
            while not (log.parent / "asked").exists():
                time.sleep(0.05)
        case "trains":
            stopped: list[int] = []
            with graceful_stop(stopped.append):
                log.touch()
                while not stopped:
                    time.sleep(0.05)
            return JobOutcome(specification.job, {}, None, None, 128 + stopped[0])
    return JobOutcome(specification.job, {"accuracy": 0.5}, WHERE, None)
