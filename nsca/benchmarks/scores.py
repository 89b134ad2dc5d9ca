"""What a benchmark hands back: one row per figure, and the same figures flat for the run card.

In means over quantities an R2 below 0 counts as 0: how much worse than knowing nothing a linear map
extrapolates says little, and one such value would drown the others.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np
from jaxtyping import Float

Encoder = Callable[[np.ndarray], Float[np.ndarray, "row feature"]]
"""From stored rows (frames, sounds) to frozen features."""

AnyRow = TypeVar("AnyRow")

CLEAN = "clean"


@dataclass(frozen=True)
class Score:
    """One measured figure.

    Attributes:
        split: which held-out part ("val": held-out objects; "test": novel kinds).
        protocol: "transfer" (probe fitted on train) or "refit" (fitted on other objects of the same
            part).
        quantity: the label probed.
        features: whose features ("trained", "random", "pixels", "shuffled").
        measure: "accuracy" (0..1), "r2" (at most 1), "knn_accuracy", "recall" or "autocorrelation".
        corruption: name of the corruption of the test rows, or "clean".
        severity: 0 for clean, else 1..5.
        value: the figure.
        chance: what knowing nothing reaches on the same rows.
        fit_rows, test_rows: how many frames or sounds.
        unseen: share of test rows whose class the fit part lacks (they count as wrong).
    """

    split: str
    protocol: str
    quantity: str
    features: str
    measure: str
    corruption: str
    severity: int
    value: float
    chance: float
    fit_rows: int
    test_rows: int
    unseen: float

    @property
    def samples(self) -> int:
        """Frames or sounds scored."""
        return self.test_rows

    @property
    def name(self) -> str:
        """Flat name: split[_refit]/quantity[_knn]/features[/corruption-severity]."""
        part = self.split if self.protocol == "transfer" else f"{self.split}_{self.protocol}"
        quantity = f"{self.quantity}_knn" if self.measure == "knn_accuracy" else self.quantity
        end = "" if self.corruption == CLEAN else f"/{self.corruption}-{self.severity}"
        return f"{part}/{quantity}/{self.features}{end}"


def write_table(rows: Iterable[Any], path: Path, kind: type[Any]) -> None:
    """One CSV row per figure.

    Args:
        rows: of one kind.
        path: of the file, which is replaced.
        kind: their dataclass; its fields are the columns.
    """
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(kind)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_table(path: Path, kind: type[AnyRow]) -> list[AnyRow]:
    """The rows that `write_table` wrote.

    Raises:
        ValueError: other columns than the kind has, or a row that is cut or no figure.
    """
    kinds = get_type_hints(kind)
    with path.open(newline="", encoding="utf-8") as stream:
        reader = csv.DictReader(stream, restval="")
        if set(reader.fieldnames or []) != set(kinds):
            raise ValueError(f"{path} has the columns {reader.fieldnames}, expected {list(kinds)}")
        return [kind(**{name: kinds[name](row[name]) for name in kinds}) for row in reader]


def flat_metrics(scores: Iterable[Score]) -> dict[str, float]:
    """Every score by its name, each linear figure's chance, and means over quantities.

    Means: `<split>/mean_accuracy/<features>` and `<split>/mean_r2/<features>` over quantities, and
    the same with `/corrupted` at the end over quantities and all corruptions.
    """
    metrics: dict[str, float] = {}
    groups: dict[str, list[float]] = defaultdict(list)
    chances: dict[str, dict[str, float]] = defaultdict(dict)
    for score in scores:
        metrics[score.name] = score.value
        if score.measure == "knn_accuracy":
            continue
        part = score.name.partition("/")[0]
        if score.corruption == CLEAN:
            metrics[f"{part}/{score.quantity}/chance"] = score.chance
            chances[f"{part}/mean_{score.measure}/chance"][score.quantity] = score.chance
        value = score.value if score.measure == "accuracy" else max(score.value, 0.0)
        end = "" if score.corruption == CLEAN else "/corrupted"
        groups[f"{part}/mean_{score.measure}/{score.features}{end}"].append(value)
    means = {name: float(np.mean(values)) for name, values in groups.items()}
    by_chance = {name: float(np.mean(list(each.values()))) for name, each in chances.items()}
    return metrics | means | by_chance
