"""One job of a study: train a condition under a seed, evaluate it, collect the figures.

A job that was cut in training goes on from its checkpoint (`resume=auto`).
"""

import contextlib
import hashlib
import json
import traceback
from dataclasses import dataclass
from pathlib import Path

from nsca.job_table import Job
from nsca.jobs import JobOutcome
from nsca.studies.study import kept
from nsca.verb import Stopped, compose

# what stands in jobs.csv: steps trained, seconds of the training by the wall clock, commit of the
# code, the beginnings of the data's fingerprint and of a sha256 of the study's overrides
ORIGIN = ("steps", "seconds", "commit", "data", "settings")


@dataclass(frozen=True)
class JobSpecification:
    """How to run one job: the overrides of its training run and of its evaluation.

    Figures that `leave_out` names are not kept, see `nsca.studies.study.kept`.
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
        kept(job.condition, judged_card["metrics"], specification.leave_out),
        {
            "steps": str(int(trained_card["metrics"]["steps"])),
            "seconds": f"{float(trained_card['seconds']):.1f}",
            "commit": str(trained_card["commit"]),
            "data": short(trained_card["data_fingerprint"]),
            "settings": specification.settings,
        },
        None,
    )
