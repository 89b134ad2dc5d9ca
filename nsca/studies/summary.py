"""A study's pictures: every seed of every condition, and a figure against groups of them."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nsca.paired_table import PairedTable
from nsca.reporting.demonstration_curves import demonstration_curves
from nsca.statistics import mean_and_standard_error

WIDE = 20  # from here on values of a panel differ by so many times that a linear axis hides most


def plot(table: PairedTable, path: Path) -> None:
    """One panel a metric: every seed as a dot, mean ± SE as a bar mark; written as PNG.

    The axis is logarithmic where means of positive values differ WIDE times and more.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    metrics, conditions = table.metrics, table.rows
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
        shown = [list(table.values(condition, metric).values()) for condition in conditions]
        means = [np.mean(values) for values in shown if values]
        positive = all(value > 0 for values in shown for value in values)
        if means and positive and WIDE * min(means) < max(means):
            axis.set_xscale("log")
            axis.xaxis.set_minor_formatter(NullFormatter())  # else they overlap
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


def plot_groups(table: PairedTable, baselines: Sequence[str], path: Path) -> None:
    """The first metric against the number that is a condition's group, one line a name; written as
    PNG. Nothing where nothing was measured.

    Args:
        table: rows are `<number>/<name>`, and baselines.
        baselines: rows of one value, drawn as level lines.
        path: of the picture.
    """
    metric = table.metrics[0]
    curves: dict[str, dict[int, list[float]]] = defaultdict(dict)
    for row in table.rows:
        group, _, name = row.rpartition("/")
        if group and (values := list(table.values(row, metric).values())):
            curves[name][int(group)] = values
    if not curves:
        return
    # a baseline of a group is a point of a curve
    alone = [name for name in baselines if "/" not in name]
    levels = {name: list(table.values(name, metric).values()) for name in alone}
    figure = demonstration_curves(
        curves,
        metric.partition("/")[2].replace("/trained", ""),
        across="episodes to learn from",
        levels={name: float(np.mean(values)) for name, values in levels.items() if values},
    )
    figure.savefig(path, dpi=110)
