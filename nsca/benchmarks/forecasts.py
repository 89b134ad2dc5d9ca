"""What a benchmark of forecasts hands back: one row per figure of one forecaster at one horizon."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

ERROR = "rmse"
CALIBRATION_ERROR = "calibration_error"


@dataclass(frozen=True)
class Forecast:
    """One measured figure.

    Attributes:
        split: which held-out part ("val": held-out objects; "test": novel kinds).
        quantity: what is foretold, with its unit.
        ahead: steps.
        seconds: the same in time.
        forecaster: whose figure.
        measure: "rmse" (in the quantity's unit), or of the doubt: "calibration_error" (0 is
            perfect), "crps" (unit), "nll" (nats) and "deviation" (mean of the foretold ones, unit).
        value: the figure.
        windows: how many it is of.
    """

    split: str
    quantity: str
    ahead: int
    seconds: float
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
        """Flat name: split/quantity_ahead[_measure]/forecaster."""
        end = "" if self.measure == ERROR else f"_{self.measure}"
        return f"{self.split}/{self.quantity}_{self.ahead}{end}/{self.forecaster}"


def forecast_metrics(rows: Iterable[Forecast]) -> Mapping[str, float]:
    """Every figure by its name, and `<split>/<quantity>[_measure]/<forecaster>`: over horizons, the
    root of the mean square of errors, the mean of anything else.
    """
    found: dict[str, float] = {}
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        found[row.name] = row.value
        whole = row.name.replace(f"{row.quantity}_{row.ahead}", row.quantity, 1)
        groups[whole, row.measure].append(row.value)
    for (name, measure), values in groups.items():
        power = 2 if measure == ERROR else 1
        found[name] = float(np.mean(np.power(values, power)) ** (1 / power))
    return found


def holds_forecasts(path: Path) -> bool:
    """Whether a table's columns are those of forecasts."""
    with path.open(newline="", encoding="utf-8") as stream:
        return next(csv.reader(stream), []) == [field.name for field in fields(Forecast)]
