"""What every gate is: a question, criteria fixed beforehand, arms under seeds, a judgement.

A gate is a frozen dataclass that derives from `Gate`; `conf/gate/<name>.yaml` fills its fields,
each threshold with its reason. The frame (run.py) runs its cells in worker processes, keeps the
figures of each, and asks it to judge and to plot what is in the table.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from matplotlib.figure import Figure

from nsca.gates.verdict import Verdict

MIN_SEEDS = 5
"""Of a gate of record: with fewer, an interval over seeds says next to nothing."""

Value = bool | int | float | str


@dataclass(frozen=True)
class Cell:
    """One piece of work: an arm under one seed.

    Attributes:
        arm: the condition; names a file, so letters, digits, `_`, `-`, `.` only.
        seed: everything random in it follows from this; arms of one seed are compared as a pair.
        parameters: what makes the arm what it is, and how long it runs.
    """

    arm: str
    seed: int
    parameters: Mapping[str, Value]


@dataclass(frozen=True)
class CellResult:
    """What a cell measured.

    Attributes:
        figures: finite numbers by name, the same names for every cell of an arm.
        series: curves for the plot, columns of equal length (about 200 points at most: they are
            kept as CSV).
    """

    figures: Mapping[str, float]
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """A finished cell as it stands in the table, its numbers with six digits."""

    arm: str
    seed: int
    figures: Mapping[str, float]
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Gate(ABC):
    """The base of all gates. Instances are pickled: fields are plain values or small modules.

    Attributes:
        question: what is asked, in a sentence.
        seeds: every arm runs under each of them.

    Raises:
        ValueError: fewer than `MIN_SEEDS` seeds, or one that repeats.
    """

    question: str
    seeds: Sequence[int]

    reference: ClassVar[str]
    """The arm that all others are compared with in the table."""
    shown: ClassVar[Mapping[str, str]]
    """The figures that the table shows, by name, with what they are and their unit."""

    def __post_init__(self) -> None:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"a seed repeats: {list(self.seeds)}")
        if len(self.seeds) < MIN_SEEDS:
            raise ValueError(
                f"{len(self.seeds)} seeds: a gate of record has at least {MIN_SEEDS}; "
                "quick=true is for trying it out"
            )

    @property
    @abstractmethod
    def criterion(self) -> str:
        """When it passes, in a sentence that takes its numbers from the fields."""

    @abstractmethod
    def cells(self, quick: bool) -> list[Cell]:
        """Every cell, in the order to start them: seed by seed, so that a cut gate has whole seeds.

        Args:
            quick: a smoke version of seconds: all arms, few seeds, few steps.
        """

    @abstractmethod
    def run(self, cell: Cell) -> CellResult:
        """Do one cell, in a worker process.

        The frame seeds Python, NumPy and torch with the cell's seed before; the result must depend
        on the cell and the fields alone.
        """

    @abstractmethod
    def judge(self, rows: Sequence[Row]) -> Verdict:
        """The verdict on finished cells, all of them, in the order of `cells`; every outcome has
        one.
        """

    @abstractmethod
    def plot(self, rows: Sequence[Row]) -> Figure:
        """One figure that shows what the verdict says. Drawn within the report's style."""


def values(rows: Sequence[Row], arm: str, figure: str) -> dict[int, float]:
    """A figure by seed, for the rows of an arm that have it."""
    return {
        row.seed: row.figures[figure] for row in rows if row.arm == arm if figure in row.figures
    }
