"""A study's table and picture: every condition beside the reference, paired by seed.

The p-values of one study are corrected together (Holm), over all of its conditions and metrics.
"""

from pathlib import Path

import numpy as np

from nsca.statistics import (
    PairedDifference,
    detectable_effect,
    holm,
    mean_and_standard_error,
    paired_difference,
)
from nsca.studies.plan import StudyPlan
from nsca.studies.results import StudyResults


class StudyTable:
    """The values of a study by row (condition or baseline), metric and seed."""

    def __init__(self, plan: StudyPlan, results: StudyResults) -> None:
        self.plan = plan
        self.rows = [*plan.conditions, *plan.baselines]
        self._results = results

    def values(self, row: str, metric: str) -> dict[int, float]:
        """By seed; empty where nothing was measured."""
        if row in self.plan.baselines:
            name = self.plan.baseline_metric(row, metric)
            return self._results.values(self.plan.reference, name)
        return self._results.values(row, metric)


def comparisons(table: StudyTable) -> dict[tuple[str, str], PairedDifference]:
    """Row minus reference for each (row, metric), over the seeds that both have."""
    found = {}
    for metric in table.plan.metrics:
        theirs = table.values(table.plan.reference, metric)
        for row in table.rows:
            ours = table.values(row, metric)
            seeds = sorted(ours.keys() & theirs.keys())
            if row != table.plan.reference and seeds:
                found[row, metric] = paired_difference(
                    [ours[s] for s in seeds], [theirs[s] for s in seeds]
                )
    return found


def markdown(table: StudyTable) -> str:
    """The table of record: mean ± SE, seeds, and the paired difference with its 95 % t interval."""
    differences, reference = comparisons(table), table.plan.reference
    testable = [key for key, value in differences.items() if value.pairs > 1]
    corrected = dict(
        zip(testable, holm([differences[key].p_value for key in testable]), strict=True)
    )
    lines = []
    for metric in table.plan.metrics:
        lines += [
            f"\n### `{metric}`\n",
            f"| condition | mean ± SE | seeds | minus `{reference}` (95 %) | d | p (Holm) |",
            "|---|---|---|---|---|---|",
        ]
        for condition in table.rows:
            values = list(table.values(condition, metric).values())
            if not values:
                lines.append(f"| {condition} | not measured | 0 | | | |")
                continue
            mean, error = mean_and_standard_error(values)
            cell = f"{mean:.3f}" + ("" if np.isnan(error) else f" ± {error:.3f}")
            line = f"| {condition} | {cell} | {len(values)} | "
            difference = differences.get((condition, metric))
            if difference is None:
                line += "reference | | |"
            elif difference.pairs == 1:
                line += f"{difference.mean:+.3f} (one seed) | | |"
            else:
                line += (
                    f"{difference.mean:+.3f} ({difference.low:+.3f} .. {difference.high:+.3f}), "
                    f"{difference.verdict} | {difference.cohens_d:+.1f} | "
                    f"{corrected[condition, metric]:.3f} |"
                )
            lines.append(line)
    seeds = set(table.values(table.plan.reference, table.plan.metrics[0]))
    if len(seeds) > 1:
        lines.append(
            f"\n{len(seeds)} paired seeds detect d = {detectable_effect(len(seeds)):.1f} with 80 % "
            "power at the 5 % level before correction; anything smaller can be missed."
        )
    return "\n".join(lines).lstrip("\n") + "\n"


def plot(table: StudyTable, path: Path) -> None:
    """One panel a metric: every seed as a dot, mean ± SE as a bar mark; written as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metrics, conditions = table.plan.metrics, table.rows
    columns = min(4, len(metrics))
    rows = -(-len(metrics) // columns)
    figure = Figure(
        figsize=(3.4 * columns + 1.6, (0.34 * len(conditions) + 1.0) * rows), layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axis, metric in zip(axes[: len(metrics)], metrics, strict=True):
        for place, condition in enumerate(conditions):
            values = list(table.values(condition, metric).values())
            if not values:
                continue
            mean, error = mean_and_standard_error(values)
            axis.plot(values, [place] * len(values), "o", color="#9aa5b1", markersize=4, zorder=1)
            axis.errorbar(
                mean,
                place,
                xerr=0 if np.isnan(error) else error,
                fmt="|",
                color="#1f4e79",
                markersize=12,
                markeredgewidth=2,
                capsize=3,
                zorder=2,
            )
        axis.set_title(metric.partition("/")[2].replace("/trained", ""), fontsize=8)
        axis.set_yticks(range(len(conditions)), conditions, fontsize=8)
        axis.tick_params(axis="x", labelsize=8)
        axis.grid(axis="x", color="#e3e7eb")
        axis.spines[["top", "right"]].set_visible(False)
    for axis in axes[len(metrics) :]:
        axis.set_visible(False)
    axes[0].invert_yaxis()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
