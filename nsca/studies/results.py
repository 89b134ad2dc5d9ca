"""The committed tables of a study: every figure, and where each job's figures come from.

`results.csv` has a row for each condition, seed and metric, so that a new metric never changes the
columns; `jobs.csv` a row for each finished job (one condition under one seed). Both are replaced
atomically, `jobs.csv` last: a job is done when it stands there, and figures of one that does not
are dropped on reading. That is what lets a study resume from its own committed tables and never
rerun a finished seed.
"""

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("condition", "seed", "metric", "value")
JOB_COLUMNS = ("condition", "seed", "steps", "seconds", "commit", "data", "settings")


@dataclass(frozen=True)
class Job:
    """One condition under one seed."""

    condition: str
    seed: int


@dataclass(frozen=True)
class Provenance:
    """Where a job's figures come from.

    Attributes:
        steps: trained.
        seconds: of the training, by the wall clock.
        commit: of the code.
        data: the beginning of the fingerprint of the data.
        settings: the beginning of a sha256 of the study's overrides for this job.
    """

    steps: int
    seconds: float
    commit: str
    data: str
    settings: str


class StudyResults:
    """Reads and extends `results.csv` and `jobs.csv` beside it.

    Args:
        path: of `results.csv`; neither file need exist yet.

    Raises:
        ValueError: when a file exists with other columns.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.jobs_path = path.with_name("jobs.csv")
        self.jobs = _read(self.jobs_path, JOB_COLUMNS)
        done = self.finished()
        self.rows = [row for row in _read(path, COLUMNS) if _job(row) in done]

    def finished(self) -> set[Job]:
        """The jobs that are done."""
        return {_job(row) for row in self.jobs}

    def add(self, job: Job, metrics: Mapping[str, float], provenance: Provenance) -> None:
        """Append a whole job and replace both files atomically.

        Raises:
            ValueError: when the job is already there or has no metrics.
        """
        if job in self.finished():
            raise ValueError(f"{job} is already in {self.path}")
        if not metrics:
            raise ValueError(f"{job} has no metrics")
        name = {"condition": job.condition, "seed": str(job.seed)}
        rows = [
            {**name, "metric": metric, "value": f"{value:.6g}"}
            for metric, value in sorted(metrics.items())
        ]
        origin = {
            "steps": str(provenance.steps),
            "seconds": f"{provenance.seconds:.1f}",
            "commit": provenance.commit,
            "data": provenance.data,
            "settings": provenance.settings,
        }
        _replace(self.path, COLUMNS, [*self.rows, *rows])
        _replace(self.jobs_path, JOB_COLUMNS, [*self.jobs, {**name, **origin}])
        self.rows += rows
        self.jobs.append({**name, **origin})

    def made_otherwise(self, column: str, expected: Mapping[Job, str]) -> dict[Job, str]:
        """The finished jobs whose `column` of jobs.csv is not what it would be now, with what it
        is. Jobs that `expected` does not name are none of the study any more: they count too.
        """
        found = {_job(row): row[column] for row in self.jobs}
        return {job: was for job, was in found.items() if expected.get(job) != was}

    def values(self, condition: str, metric: str) -> dict[int, float]:
        """The metric by seed, for the seeds that ran."""
        return {
            int(row["seed"]): float(row["value"])
            for row in self.rows
            if row["condition"] == condition and row["metric"] == metric
        }


def _job(row: Mapping[str, str]) -> Job:
    return Job(row["condition"], int(row["seed"]))


def _read(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != columns:
            raise ValueError(f"{path} has columns {reader.fieldnames}, expected {columns}")
        return list(reader)


def _replace(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".csv.tmp")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
