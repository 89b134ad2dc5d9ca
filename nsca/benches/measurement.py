"""Rates, their medians, and the file `outputs/bench.json` that holds them.

Each loop is timed in a process of its own (`figures_in_own_process`), so that none inherits
another's warm caches, GL context or threads. Loops that are compared run in turn, several times
each, and their medians are compared: a machine that slows down half-way slows both.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nsca.errors import UserError
from nsca.run_card import write_atomically

ERROR = re.compile(r"(error: |[\w.]+(Error|Exception)\b)")


@dataclass(frozen=True)
class Measurement:
    """One line of bench.json.

    Attributes:
        ours: the median of our figure, in `unit`.
        baseline: the median of the figure it is compared with, in the same unit.
        unit: what both count, for example `frames/s`.
        ratio: ours / baseline.
    """

    ours: float
    baseline: float
    unit: str

    @property
    def ratio(self) -> float:
        return self.ours / self.baseline

    def row(self) -> dict[str, float | str]:
        """The line as it is written: ratio, ours, baseline, unit."""
        return {
            "ratio": self.ratio,
            "ours": self.ours,
            "baseline": self.baseline,
            "unit": self.unit,
        }


def rate(work: Callable[[], int], seconds: float) -> float:
    """Call `work` until `seconds` have passed; what it counted, per second."""
    started = time.perf_counter()
    done = 0
    while (passed := time.perf_counter() - started) < seconds:
        done += work()
    return done / passed


def figures_in_own_process(module: str, *arguments: str) -> dict[str, float]:
    """Run `python -m <module> <arguments>` and read the JSON object on its last line.

    Raises:
        UserError: when the process fails; the cause is the last error that it named, or the last
            line that it wrote.
    """
    command = [sys.executable, "-m", module, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    lines = ended.stdout.strip().splitlines()
    if ended.returncode != 0 or not lines:
        wrote = (ended.stderr.strip() or ended.stdout.strip() or "no output").splitlines()
        # advice of a library may stand below the error
        said = ([line for line in wrote if ERROR.match(line)] or wrote)[-1]
        raise UserError(
            f"{module} ended with status {ended.returncode}: {said}",
            f"run it alone to see all of its output: {' '.join(command[:3])}",
        )
    return json.loads(lines[-1])


def medians(rounds: list[Mapping[str, float]]) -> dict[str, float]:
    """The median of every figure over the rounds."""
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def write(path: Path, rows: Mapping[str, Measurement]) -> None:
    """Replace `path` with the rows, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({name: row.row() for name, row in rows.items()}, indent=2)
    write_atomically(path, text.encode() + b"\n")
