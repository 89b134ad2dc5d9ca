"""The committed table of a study: one row for each condition, seed and metric.

Long format (`condition,seed,metric,value,steps,seconds,commit,data`) so that a new metric never
changes the columns. A job (one condition under one seed) is present with all of its rows or not at
all: the file is replaced atomically once the whole job is done, which is what lets a study resume
from its own committed results and never rerun a finished seed.
"""

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("condition", "seed", "metric", "value", "steps", "seconds", "commit", "data")


@dataclass(frozen=True)
class Job:
    """One condition under one seed."""

    condition: str
    seed: int


@dataclass(frozen=True)
class Provenance:
    """Where a job's figures come from: steps trained, wall seconds, commit and data fingerprint."""

    steps: int
    seconds: float
    commit: str
    data: str


class StudyResults:
    """Reads and extends `results.csv`.

    Args:
        path: the CSV file; it need not exist yet.

    Raises:
        ValueError: when the file exists with other columns.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="") as file:
                reader = csv.DictReader(file)
                if tuple(reader.fieldnames or ()) != COLUMNS:
                    raise ValueError(f"{path} has columns {reader.fieldnames}, expected {COLUMNS}")
                self.rows = list(reader)

    def finished(self) -> set[Job]:
        """The jobs whose rows are in the file."""
        return {Job(row["condition"], int(row["seed"])) for row in self.rows}

    def add(self, job: Job, metrics: Mapping[str, float], provenance: Provenance) -> None:
        """Append a whole job and replace the file atomically.

        Raises:
            ValueError: when the job is already there or has no metrics.
        """
        if job in self.finished():
            raise ValueError(f"{job} is already in {self.path}")
        if not metrics:
            raise ValueError(f"{job} has no metrics")
        for metric, value in sorted(metrics.items()):
            values = (
                job.condition,
                job.seed,
                metric,
                f"{value:.6g}",
                provenance.steps,
                f"{provenance.seconds:.1f}",
                provenance.commit,
                provenance.data,
            )
            self.rows.append({c: str(v) for c, v in zip(COLUMNS, values, strict=True)})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".csv.tmp")
        with temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)

    def values(self, condition: str, metric: str) -> dict[int, float]:
        """The metric by seed, for the seeds that ran."""
        return {
            int(row["seed"]): float(row["value"])
            for row in self.rows
            if row["condition"] == condition and row["metric"] == metric
        }

    def metrics(self) -> list[str]:
        """Every metric name, sorted."""
        return sorted({row["metric"] for row in self.rows})
