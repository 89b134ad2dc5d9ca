"""metrics.csv: one row a figure (`step,name,value`), appended and flushed, cut back on resume.

The long format never has to be rewritten when a new name appears. A step is the number of
optimiser steps done before the one that gave the figure, so the first step is 0.
"""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

METRICS = "metrics.csv"
HEADER = ("step", "name", "value")


class CsvLog(Logger):
    """Lightning logger that writes metrics.csv.

    Args:
        directory: the run directory.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        super().__init__()
        self.file = Path(directory) / METRICS

    @property
    def name(self) -> str:
        return "csv"

    @property
    def version(self) -> int:
        return 0

    @property
    def log_dir(self) -> str:
        return str(self.file.parent)

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """The configuration is in config.yaml already."""

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Append one row for each figure; Lightning's own `epoch` is left out."""
        rows = [(step, name, repr(float(v))) for name, v in metrics.items() if name != "epoch"]
        new = not self.file.exists()
        with open(self.file, "a", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            if new:
                writer.writerow(HEADER)
            writer.writerows(rows)


def read_metrics(directory: Path) -> list[tuple[int, str, float]]:
    """Return the rows of a run's metrics.csv in order; none where there is no file."""
    return [(int(s), n, float(v)) for s, n, v in _complete_rows(Path(directory) / METRICS)]


def cut_metrics(directory: Path, step: int) -> None:
    """Drop the rows of `step` and later, and a row that was cut off by a crash."""
    file = Path(directory) / METRICS
    rows = [row for row in _complete_rows(file) if int(row[0]) < step]
    if not file.exists():
        return
    temporary = file.with_suffix(".csv.tmp")
    with open(temporary, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(temporary, file)


def _complete_rows(file: Path) -> list[list[str]]:
    if not file.is_file():
        return []
    text = file.read_text(encoding="utf-8")
    complete = text[: text.rfind("\n") + 1]
    rows = list(csv.reader(complete.splitlines()))
    return [row for row in rows[1:] if len(row) == len(HEADER)]
