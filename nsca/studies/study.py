"""What every study is: conditions, seeds, jobs that resume from the committed table."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.jobs import JobOutcome, Specification


@dataclass(frozen=True)
class Study(ABC):
    """A question with a prediction made before the run; `conf/study/<name>.yaml` is one.

    Attributes:
        name: of the folder `experiments/<name>/` that holds the figures.
        question: what is asked, in a sentence.
        prediction: what was expected before the run.
    """

    name: str
    question: str
    prediction: str
    origin: ClassVar[Sequence[str]]
    """The further columns of jobs.csv, which say where a job's figures come from."""
    trains_at_once: ClassVar[bool] = False
    """Whether `gather` puts seeds together."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the data that all jobs share, if there is any."""

    @abstractmethod
    def specifications(self, outputs: Path) -> Sequence[Specification]:
        """Every job, seed by seed, so that a study cut short has whole seeds.

        Args:
            outputs: where training runs and evaluations go.
        """

    def gather(self, missing: Sequence[Any]) -> Sequence[Specification]:
        """Put missing jobs together whose seeds a worker trains at once."""
        return missing

    @staticmethod
    @abstractmethod
    def run(specification: Any, log: Path) -> JobOutcome | Sequence[JobOutcome]:
        """Do one of `specifications`, or all jobs of one that `gather` has made, in a worker
        process; errors are returned, not raised.
        """

    def refuse_settings(self, jobs: Sequence[Any], results: JobTable) -> None:
        """What can be told before data is made, which may take hours.

        Raises:
            UserError: finished jobs were made with other settings.
        """
        refuse("settings", {spec.job: spec.settings for spec in jobs}, results)

    @abstractmethod
    def refuse_data(self, jobs: Sequence[Any], results: JobTable) -> None:
        """What can be told once data is there.

        Raises:
            UserError: finished jobs were made with other data, or in another world.
        """

    @abstractmethod
    def summarise(self, results: JobTable, home: Path) -> None:
        """Write tables and pictures of what there is beside the results."""

    @property
    def heading(self) -> str:
        """Of table.md: name, question and prediction."""
        return f"# {self.name}\n\n{self.question}\n\nPredicted: {self.prediction}\n\n"


def refuse(what: str, now: Mapping[Job, str], results: JobTable) -> None:
    """End where finished jobs are none of this command's, or `what` they were made with is another.

    Args:
        what: a column of jobs.csv, "settings" or "data".
        now: what it is now for every job of the command.
        results: the table.

    Raises:
        UserError: there are such jobs.
    """
    odd = results.made_otherwise(what, now)
    if not odd:
        return
    gone = {job: was for job, was in odd.items() if job not in now}
    job, was = next(iter((gone or odd).items()))
    finished = f"{results.jobs_path}: {len(gone or odd)} finished jobs, such as"
    finished += f" {job.condition} seed={job.seed},"
    if gone:
        raise UserError(
            f"{finished} are none of those that this command has",
            "leave conditions and seeds as the table has them, or keep other figures apart with "
            "experiments=outputs/tryout",
        )
    raise UserError(
        f"{finished} were made with other {what} ({was}) than this command now has",
        f"move {results.path.parent} away to run the study anew; the commit column says what made "
        "the old figures",
    )


def refuse_primary(primary: Sequence[str] | None, metrics: Sequence[str]) -> None:
    """A study says which metrics its question is about, before it runs; None stands for all.

    Raises:
        UserError: an empty list, a metric twice, or one that is not among the metrics.
    """
    if primary is None:
        return
    if not primary or len(set(primary)) < len(primary) or not set(primary) <= set(metrics):
        raise UserError(
            f"study.primary={list(primary)} are not metrics of this study, or none, or one twice",
            f"name one or two of {', '.join(metrics)}",
        )


def kept(condition: str, figures: Mapping[str, float], leave_out: str) -> dict[str, float]:
    """The figures that stay: `leave_out`, a regular expression, is not found in their "condition
    name".
    """
    return {
        name: value
        for name, value in figures.items()
        if not re.search(leave_out, f"{condition} {name}")
    }
