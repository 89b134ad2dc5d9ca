"""One job of a study: train a condition under a seed, evaluate it, collect the figures.

A condition may need parts that earlier phases trained: these are trained first, in order, each with
the parts of those before it. A job that was cut in training goes on from its checkpoint
(`resume=auto`), and a run that is finished is taken as it is: conditions of a seed that differ in
the last phase alone share the earlier ones.
"""

import contextlib
import hashlib
import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsca.job_table import Job
from nsca.jobs import JobOutcome
from nsca.studies.study import kept
from nsca.verb import Stopped, compose

LAST = "last"  # the name of the run that is judged
WEIGHT = "train/prior_weight"  # how far it trusts its prior in the end, kept beside what is judged

# what stands in jobs.csv: steps trained and seconds of the training by the wall clock (of all
# phases that the judged run is made of), the commits that trained and judged it, the beginnings of
# the data's fingerprint and of a sha256 of the study's overrides
ORIGIN = ("steps", "seconds", "commit", "data", "settings")


@dataclass(frozen=True)
class JobSpecification:
    """How to run one job: the overrides of its training run and of its evaluation.

    Figures that `leave_out` names are not kept, see `nsca.studies.study.kept`. `earlier` are the
    training runs that come first, in order: name and overrides; `<name>` in an override stands for
    the directory of that run.
    """

    job: Job
    train: tuple[str, ...]
    evaluate: tuple[str, ...]
    leave_out: str
    earlier: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def settings(self) -> str:
        """Twelve digits that change with any override, but not with where outputs go."""

        def without_place(overrides: Sequence[str]) -> list[str]:
            return [override for override in overrides if not override.startswith("outputs=")]

        first = [[name, without_place(overrides)] for name, overrides in self.earlier]
        last = [without_place(self.train), without_place(self.evaluate), self.leave_out]
        return hashlib.sha256(json.dumps([*last, *first]).encode()).hexdigest()[:12]


def with_runs(override: str, runs: Mapping[str, Path]) -> str:
    """Put the directories of runs in the place of their names."""
    for name, run in runs.items():
        override = override.replace(f"<{name}>", str(run))
    return override


def short(fingerprint: str) -> str:
    """The part of a sha256 that tables show."""
    return fingerprint[:12]


def commits(cards: Sequence[Mapping[str, Any]]) -> str:
    """The commits of runs, each once and in order, joined by `+`: one text where all have the same.
    A run that an earlier command finished has the commit of then.
    """
    return "+".join(dict.fromkeys(str(card["commit"]) for card in cards))


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
            runs: dict[str, Path] = {}
            for name, overrides in (*specification.earlier, (LAST, specification.train)):
                own = [with_runs(override, runs) for override in overrides]
                runs[name] = run_training(compose("train", [*own, seed, "resume=auto"]))
            run = f"run={runs[LAST]}"
            judged = evaluate(compose("evaluate", [*specification.evaluate, run, seed]))
            cards, judged_card = [load_run_card(r) for r in runs.values()], load_run_card(judged)
            trained = {n: value for n, value in cards[-1]["metrics"].items() if n == WEIGHT}
        except Stopped as stop:
            return JobOutcome(job, {}, None, None, stop.exit_code)
        except Exception as error:  # noqa: BLE001 -- reported, and the study goes on
            traceback.print_exc(file=out)
            return JobOutcome(job, {}, None, f"{type(error).__name__}: {error}")
    return JobOutcome(
        job,
        kept(job.condition, trained | judged_card["metrics"], specification.leave_out),
        {
            "steps": "+".join(str(int(card["metrics"]["steps"])) for card in cards),
            "seconds": f"{sum(float(card['seconds']) for card in cards):.1f}",
            "commit": commits([*cards, judged_card]),
            "data": short(cards[-1]["data_fingerprint"]),
            "settings": specification.settings,
        },
        None,
    )
