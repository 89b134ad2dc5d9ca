"""The tables of a study or a gate: every figure, and where each job's figures come from.

`results.csv` has a row for each condition, seed and metric, so that a new metric never changes the
columns; `jobs.csv` a row for each finished job (one condition under one seed). Both are replaced
atomically, `jobs.csv` last: a job is done when it stands there, and figures of one that does not
are dropped on reading. That is what lets a study resume from its own committed tables and never
rerun a finished seed. Curves of a job, where it has any, stand in `series/<condition>-<seed>.csv`,
written before both.
"""

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nsca.errors import UserError

COLUMNS = ("condition", "seed", "metric", "value")
JOB_COLUMNS = ("condition", "seed")


@dataclass(frozen=True)
class Job:
    """One condition under one seed."""

    condition: str
    seed: int


class JobTable:
    """Reads and extends `results.csv`, `jobs.csv` beside it and `series/` below it.

    Args:
        path: of `results.csv`; no file need exist yet.
        origin: the further columns of `jobs.csv`, which say where a job's figures come from.

    Raises:
        UserError: when a file exists with other columns.
    """

    def __init__(self, path: Path, origin: Sequence[str]) -> None:
        self.path = path
        self.jobs_path = path.with_name("jobs.csv")
        self._job_columns = (*JOB_COLUMNS, *origin)
        self.jobs = _read(self.jobs_path, self._job_columns)
        done = self.finished()
        self.rows = [row for row in _read(path, COLUMNS) if _job(row) in done]

    def finished(self) -> set[Job]:
        """The jobs that are done."""
        return {_job(row) for row in self.jobs}

    def add(
        self,
        job: Job,
        metrics: Mapping[str, float],
        origin: Mapping[str, str],
        series: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        """Append a whole job and replace the files atomically.

        Args:
            job: not yet there.
            metrics: its figures, kept with six digits.
            origin: one text for each column that the table was made with.
            series: columns of equal length; kept beside the table, with six digits.

        Raises:
            ValueError: when the job is already there, has no metrics, other columns of origin, or
                columns of series that differ in length.
        """
        if job in self.finished():
            raise ValueError(f"{job} is already in {self.path}")
        if not metrics:
            raise ValueError(f"{job} has no metrics")
        name = {"condition": job.condition, "seed": str(job.seed)}
        row = {**name, **origin}
        if set(row) != set(self._job_columns):
            raise ValueError(f"{job} has the origin {list(origin)}, not {self._job_columns[2:]}")
        rows = [
            {**name, "metric": metric, "value": f"{value:.6g}"}
            for metric, value in sorted(metrics.items())
        ]
        if series:
            points = [[f"{v:.6g}" for v in point] for point in zip(*series.values(), strict=True)]
            _replace(self._series_path(job), tuple(series), points)
        self._replace_rows(self.path, COLUMNS, [*self.rows, *rows])
        self._replace_rows(self.jobs_path, self._job_columns, [*self.jobs, row])
        self.rows += rows
        self.jobs.append(row)

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

    def metrics_of(self, job: Job) -> dict[str, float]:
        """Every figure of a finished job by name."""
        return {row["metric"]: float(row["value"]) for row in self.rows if _job(row) == job}

    def origin_of(self, job: Job) -> dict[str, str]:
        """Where a finished job's figures come from.

        Raises:
            KeyError: it is not finished.
        """
        for row in self.jobs:
            if _job(row) == job:
                return {name: row[name] for name in self._job_columns[len(JOB_COLUMNS) :]}
        raise KeyError(job)

    def series_of(self, job: Job) -> dict[str, list[float]]:
        """The curves of a finished job by name; empty when it has none."""
        path = self._series_path(job)
        if not path.exists():
            return {}
        with path.open(newline="", encoding="utf-8") as file:
            names, *points = csv.reader(file)
        return {
            name: [float(point[column]) for point in points] for column, name in enumerate(names)
        }

    def _series_path(self, job: Job) -> Path:
        return self.path.parent / "series" / f"{job.condition}-{job.seed}.csv"

    @staticmethod
    def _replace_rows(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> None:
        _replace(path, columns, [[row[column] for column in columns] for row in rows])


def _job(row: Mapping[str, str]) -> Job:
    return Job(row["condition"], int(row["seed"]))


def _read(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != columns:
            raise UserError(
                f"{path} has columns {reader.fieldnames}, expected {list(columns)}",
                "restore it (git checkout), or move it away to begin anew",
            )
        return list(reader)


def _replace(path: Path, columns: tuple[str, ...], rows: Iterable[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".csv.tmp")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
