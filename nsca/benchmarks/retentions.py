"""What a benchmark of retention hands back: one row per error of one task after one stage."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from nsca.objectives.retention import forgetting_and_transfer

ERROR = "error"


@dataclass(frozen=True)
class Retained:
    """One measured figure.

    Attributes:
        split: which held-out part.
        task: of the windows that are scored.
        learned_in: stage (from 1) in which the stream has this task.
        after: stages that were over; 0 is before the stream: what skipping the phase leaves.
        forecaster: "trained", or "copy_last" (the last state, kept).
        measure: "error" or "place_m", see `nsca.objectives.retention`.
        value: the figure.
        windows: how many it is of.
    """

    split: str
    task: str
    learned_in: int
    after: int
    forecaster: str
    measure: str
    value: float
    windows: int

    @property
    def samples(self) -> int:
        """Windows scored."""
        return self.windows

    @property
    def name(self) -> str:
        """Flat name: split/measure/task_after/forecaster."""
        return f"{self.split}/{self.measure}/{self.task}_{self.after}/{self.forecaster}"


def retention_metrics(rows: Iterable[Retained]) -> Mapping[str, float]:
    """Every figure by its name, and by `<split>/<measure>/<figure>/trained`, means over tasks:

    - `begun`: before the stream, what skipping the phase leaves; `end`: after it;
    - `gain`: begun - end, positive where the phase helps;
    - `learned`: of each task right after its own stage;
    - `forgetting`: how much worse at the end than right after its stage, without the last stage,
      which nothing follows;
    - `transfer`: how much better before its stage than before the stream, without the first stage,
      which nothing precedes;
    - `last`: at the end, of the tasks of the last stage.

    `begun`, `end` and so on of `copy_last` are all the same: <split>/<measure>/end/copy_last.
    `begun` is <split>/<measure>/end/before, too, so that a table can set it beside `end`.
    """
    every = list(rows)
    found = {row.name: row.value for row in every}
    for split, measure in dict.fromkeys((row.split, row.measure) for row in every):
        here = [row for row in every if (row.split, row.measure) == (split, measure)]
        for name, value in summary(here).items():
            found[f"{split}/{measure}/{name}/trained"] = value
        found[f"{split}/{measure}/end/before"] = found[f"{split}/{measure}/begun/trained"]
        kept = [row.value for row in here if row.forecaster == "copy_last"]
        found[f"{split}/{measure}/end/copy_last"] = float(np.mean(kept))
    return found


def summary(rows: Iterable[Retained]) -> dict[str, float]:
    """The means of `retention_metrics` of rows of one part and measure."""
    ours = [row for row in rows if row.forecaster == "trained"]
    value = {(row.task, row.after): row.value for row in ours}
    stage = {row.task: row.learned_in for row in ours}
    last = max(row.after for row in ours)
    begun = float(np.mean([value[task, 0] for task in stage]))
    end = float(np.mean([value[task, last] for task in stage]))
    found = {
        "begun": begun,
        "end": end,
        "gain": begun - end,
        "learned": float(np.mean([value[task, own] for task, own in stage.items()])),
        "last": float(np.mean([value[task, last] for task, own in stage.items() if own == last])),
    }
    return found | forgetting_and_transfer(value, stage, last)


def holds_retention(path: Path) -> bool:
    """Whether a table's columns are those of retention."""
    with path.open(newline="", encoding="utf-8") as stream:
        return next(csv.reader(stream), []) == [field.name for field in fields(Retained)]
