"""What a benchmark is: it says which phases' runs it judges, and gives rows of figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from omegaconf import DictConfig

from nsca.phases.phase import Phase
from nsca.trained_phase import load_phase


@dataclass(frozen=True)
class JudgedRun:
    """A training run, opened.

    path: its directory. config: resolved. phase: trained, in eval mode. source: the data that it
    was trained on, or other data that was asked for.
    """

    path: Path
    config: DictConfig
    phase: Phase
    source: Any


def began_from(run: JudgedRun, part: str) -> Phase | None:
    """Return the phase that a run has a part from, as it was; None where it began anew.

    Raises:
        UserError: that run is not there any more.
    """
    where = run.config.get("parts", {}).get(part)
    return None if where is None else load_phase(where)


@runtime_checkable
class Row(Protocol):
    """One measured figure: a frozen dataclass of texts and numbers, one line of a table."""

    @property
    def samples(self) -> int:
        """How many things (pictures, episodes, windows) the figure is of."""
        ...


@runtime_checkable
class Benchmark(Protocol):
    """One choice of conf/benchmark/.

    judges: names of the phases whose runs it judges; none where it trains what it judges itself.
    row: the dataclass of its figures.
    """

    judges: ClassVar[frozenset[str]]
    row: ClassVar[type]

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Row]]:
        """Figures as they come, piece by piece: those of finished pieces survive a kill.

        Args:
            run: None where `judges` is empty.
            seed: of everything that is drawn.
            folder: of the evaluation, for pictures.
        """
        ...

    def metrics(self, rows: Sequence[Row]) -> Mapping[str, float]:
        """The figures of all rows by flat names, for the run card."""
        ...
