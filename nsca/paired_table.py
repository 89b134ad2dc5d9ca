"""The table of record: every condition beside a reference, paired by seed.

The p-values of the primary metrics are corrected together (Holm), over all conditions; those of
other metrics are not. A difference is called better or worse, higher or lower, without more words
only where its corrected p is below 0.05: an interval that excludes 0 before that is said to be one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from nsca.statistics import (
    PairedDifference,
    detectable_effect,
    holm,
    mean_and_standard_error,
    paired_difference,
)

CSV_COLUMNS = (
    "metric", "condition", "seeds", "mean", "standard_error", "difference", "low", "high",
    "bootstrap_low", "bootstrap_high", "cohens_d", "p_value", "p_holm", "detectable_d",
)  # fmt: skip
LEVEL = 0.05  # below which a corrected p is called a difference


@dataclass(frozen=True)
class PairedTable:
    """What was measured, and how to find it.

    Attributes:
        rows: conditions, and whatever else is to stand beside them.
        metrics: names of the figures to show.
        primary: those of them that the question is about, whose comparisons are corrected together.
        reference: the row that all others are compared with.
        values: (row, metric) to the value of each seed; empty where nothing was measured.
        explained: what a metric is, with its unit, where the name does not say it.
        grouped: whether rows named `<group>/<name>` are compared within their group, with
            `<group>/<reference>`; what has no group is then compared with nothing.
        higher_is_better: in every metric, so that a difference is called better or worse; else it
            is called higher or lower.

    Raises:
        ValueError: a primary metric that is not shown.
    """

    rows: Sequence[str]
    metrics: Sequence[str]
    primary: Sequence[str]
    reference: str
    values: Callable[[str, str], Mapping[int, float]]
    explained: Mapping[str, str] = field(default_factory=dict)
    higher_is_better: bool = True
    grouped: bool = False

    def __post_init__(self) -> None:
        if unknown := set(self.primary) - set(self.metrics):
            raise ValueError(f"primary {sorted(unknown)} are not among {list(self.metrics)}")

    def reference_of(self, row: str) -> str | None:
        """The row that this one is compared with."""
        if not self.grouped:
            return self.reference
        group, slash, _ = row.rpartition("/")
        return f"{group}/{self.reference}" if slash else None


@dataclass(frozen=True)
class Line:
    """One row under one metric.

    Attributes:
        metric, row: which.
        seeds: how many ran; with 0 of them everything below is NaN or None.
        mean, standard_error: over seeds; the error of one seed is NaN.
        difference: minus the reference, over the seeds that both have; None for the reference.
        p_holm: of that difference, corrected over the primary metrics; NaN on another one, and with
            fewer than two pairs.
    """

    metric: str
    row: str
    seeds: int
    mean: float
    standard_error: float
    difference: PairedDifference | None
    p_holm: float


def comparisons(table: PairedTable) -> dict[tuple[str, str], PairedDifference]:
    """Row minus reference for each (row, metric), over the seeds that both have."""
    found = {}
    for metric in table.metrics:
        for row in table.rows:
            reference = table.reference_of(row)
            if reference is None or reference == row:
                continue
            ours, theirs = table.values(row, metric), table.values(reference, metric)
            seeds = sorted(ours.keys() & theirs.keys())
            if seeds:
                found[row, metric] = paired_difference(
                    [ours[s] for s in seeds], [theirs[s] for s in seeds]
                )
    return found


def lines(table: PairedTable) -> list[Line]:
    """Every row under every metric, metric by metric."""
    differences = comparisons(table)
    family = _family(table, differences)
    corrected = dict(zip(family, holm([d.p_value for d in family.values()]), strict=True))
    nothing = Line("", "", 0, np.nan, np.nan, None, np.nan)
    found = []
    for metric in table.metrics:
        for row in table.rows:
            values = list(table.values(row, metric).values())
            if not values:
                found.append(replace(nothing, metric=metric, row=row))
                continue
            key = row, metric
            mean, error = mean_and_standard_error(values)
            difference, p = differences.get(key), corrected.get(key, np.nan)
            found.append(Line(metric, row, len(values), mean, error, difference, p))
    return found


Comparisons = Mapping[tuple[str, str], PairedDifference]


def _family(table: PairedTable, differences: Comparisons) -> Comparisons:
    """What is corrected together: the primary comparisons that have a p-value."""
    return {
        (row, metric): difference
        for (row, metric), difference in differences.items()
        if metric in table.primary and difference.pairs > 1
    }


def cells(line: Line, table: PairedTable) -> list[str]:
    """The texts of a line: condition, mean ± SE, seeds, difference, d, p, p by Holm."""
    if not line.seeds:
        return [line.row, "not measured", "0", "", "", "", ""]
    places = _places(line.standard_error)
    error = "" if np.isnan(line.standard_error) else f" ± {line.standard_error:.{places}f}"
    known = [line.row, f"{line.mean:.{places}f}{error}", str(line.seeds)]
    difference = line.difference
    if difference is None:
        return [
            *known,
            "reference" if line.row == table.reference_of(line.row) else "not paired",
            "",
            "",
            "",
        ]
    if difference.pairs == 1:
        return [*known, f"{difference.mean:+.3f} (one seed)", "", "", ""]
    mean, low, high = (
        f"{value:+.{_places(difference.standard_error)}f}"
        for value in (difference.mean, difference.low, difference.high)
    )
    interval = f"{mean} ({low} .. {high})"
    d = "" if np.isnan(difference.cohens_d) else f"{difference.cohens_d:+.1f}"
    said = _said(line, difference, table.higher_is_better)
    return [*known, f"{interval}, {said}", d, _p(difference.p_value), _p(line.p_holm)]


def _said(line: Line, difference: PairedDifference, higher_is_better: bool) -> str:
    """What a difference is called; the t interval and the t test's p agree about 0."""
    said = difference.verdict
    if said not in {"better", "worse"}:
        return said
    if not higher_is_better:
        said = {"better": "higher", "worse": "lower"}[said]
    return said if line.p_holm < LEVEL else f"{said} before correction"


def _p(value: float) -> str:
    if np.isnan(value):
        return ""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _places(standard_error: float) -> int:
    """Decimal places: three, and more (at most six) where the error would be rounded away."""
    if not standard_error > 0 or standard_error >= 0.0005:
        return 3
    return min(6, math.ceil(-math.log10(standard_error)))


def header(reference: str) -> list[str]:
    """The titles of `cells`; differences have their 95 % t interval."""
    return ["condition", "mean ± SE", "seeds", f"minus {reference} (95 %)", "d", "p", "p (Holm)"]


def foot(table: PairedTable) -> str:
    """What can be detected, which comparisons were corrected, and what their number of pairs can
    reach; empty where no two seeds can be compared.
    """
    return " ".join(filter(None, (_power(table), _corrected(table))))


def _corrected(table: PairedTable) -> str:
    differences = comparisons(table)
    testable = sum(difference.pairs > 1 for difference in differences.values())
    family = _family(table, differences)
    if not testable:
        return ""
    marked = '"before correction" marks a 95 % interval that excludes 0'
    if not family:
        return f"None of these {testable} comparisons is primary: no p is corrected, and {marked}."
    shown = [metric for metric in table.metrics if any(metric == key[1] for key in family)]
    names = " and ".join(f"`{metric}`" for metric in shown)
    which = f"the {len(family)} comparisons of {names}, the primary ones of {testable}"
    if len(family) == testable:
        which = f"all {testable} comparisons"
    text = f"p (Holm) is corrected over {which}; {marked} without a corrected p below {LEVEL}."
    pairs = max(difference.pairs for difference in family.values())
    least = smallest_sign_flip_p(pairs)
    if least * len(family) <= LEVEL:
        return text
    return (
        f"{text} A sign-flip test of {pairs} pairs, exact whatever the distribution, cannot go "
        f"below p = {least:.3g}, {min(1.0, least * len(family)):.3g} after Holm: a p below {LEVEL} "
        "here rests on differences that are normally distributed."
    )


def smallest_sign_flip_p(pairs: int) -> float:
    """The least two-sided p of the exact sign-flip test (Fisher 1935), where all differences have
    one sign: two of the 2 to the power of n ways to set signs are as far from 0.
    """
    return 2.0 ** (1 - pairs)


def _power(table: PairedTable) -> str:
    """What the reference's number of seeds could have detected; empty with fewer than two."""
    reference = table.reference_of(table.rows[0])
    seeds = len(table.values(reference, table.metrics[0])) if reference is not None else 0
    if seeds < 2:
        return ""
    return (
        f"{seeds} paired seeds detect d = {detectable_effect(seeds):.1f} with 80 % power at the "
        "5 % level before correction; anything smaller can be missed."
    )


def markdown(table: PairedTable) -> str:
    """Mean ± SE, seeds, and the paired difference with its 95 % t interval, metric by metric."""
    every, text = lines(table), []
    for metric in table.metrics:
        what = table.explained.get(metric, "")
        text += [f"\n### `{metric}`{': ' + what if what else ''}\n"]
        titles = header(f"`{table.reference}`")
        text += [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
        text += [f"| {' | '.join(cells(line, table))} |" for line in every if line.metric == metric]
    text += [f"\n{foot(table)}"] if foot(table) else []
    return "\n".join(text).lstrip("\n") + "\n"


def csv_rows(table: PairedTable) -> list[list[str]]:
    """`CSV_COLUMNS`, then one row a line; empty where there is nothing."""
    found = [list(CSV_COLUMNS)]
    for line in lines(table):
        own: list[float] = [line.mean, line.standard_error]
        if (d := line.difference) is not None:
            own += [d.mean, d.low, d.high, d.bootstrap_low, d.bootstrap_high, d.cohens_d]
            own += [d.p_value, line.p_holm]
            own += [detectable_effect(d.pairs) if d.pairs > 1 else np.nan]
        own += [np.nan] * (len(CSV_COLUMNS) - 3 - len(own))
        texts = [f"{value:.6g}" if np.isfinite(value) else "" for value in own]
        found.append([line.metric, line.row, str(line.seeds), *texts])
    return found
