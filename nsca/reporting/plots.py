"""Plots as inline SVG that takes the page's text colour, so one drawing serves light and dark.

Matplotlib draws; everything neutral is drawn in one marker colour that becomes `currentColor`.
"""

import io
import re
from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nsca.benchmarks.scores import CLEAN, Score

INK = "#010203"
"""Stands for the page's text colour."""

COLOURS = {
    "trained": "#3b7ddd",
    "random": "#8b919a",
    "pixels": "#d98218",
    "statistics": "#d98218",
    "course": "#b45309",
    "concatenated": "#d98218",
    "shuffled": "#a58bd0",
    "vision": "#e05780",
    "audio": "#0f9d76",
    "proprioception": "#9a6b3f",
    "nothing": "#8b919a",
    "true_state": "#b8860b",
    "best_sense": "#c026d3",
}
FURTHER_COLOURS = ("#3b7ddd", "#0f9d76", "#c2410c", "#9b5de5", "#e05780", "#b8860b")
NAMES = {
    "trained": "trained",
    "random": "untrained twin",
    "pixels": "raw pixels",
    "statistics": "statistics of the spectrogram",
    "course": "the spectrogram in four quarters",
    "concatenated": "senses side by side, no fusion",
    "best_sense": "best single sense",
    "true_state": "true physical state",
    "shuffled": "shuffled labels",
}

REFERENCES = ("random", "pixels", "statistics", "course", "concatenated")
"""What trained features are compared with: their twin, and what needs no encoder or no fusion."""

STYLE = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.13,
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def as_svg(figure: Figure, name: str) -> str:
    """The figure as an `<svg>` element of the page's width; `name` keeps its ids apart."""
    FigureCanvasSVG(figure)
    stored = io.StringIO()
    with rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(stored, format="svg", metadata={"Date": None}, bbox_inches="tight")
    text = stored.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    return text.replace(INK, "currentColor")


def learning_curves(
    curves: Mapping[str, Sequence[Mapping[str, np.ndarray]]], groups: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Small multiples by group: one panel per name without its `train/` or `val/`.

    Args:
        curves: by condition, one mapping of name to [point, (step, value)] for each seed.
        groups: by title, the panels, as in `panels`.

    Returns:
        SVG by title.
    """
    return {title: _panel_grid(curves, names, title) for title, names in groups.items() if names}


def panels(names: Sequence[str]) -> dict[str, list[str]]:
    """Sort the names of curves into losses, probes, what the features look like, how senses agree
    and are listened to and foretold, and how far off forecasts are: the first, the middle and the
    last horizon.
    """
    titles = ("Loss terms", "Forecasts", "Probes while training", "Features", "Senses")
    groups: dict[str, list[str]] = {title: [] for title in titles}
    for name in sorted(names, key=_by_number):
        stage, _, rest = name.partition("/")
        if stage not in ("train", "val") or not rest:
            continue
        if re.match(r"(\w+_)?(probe|knn)_", rest):
            group = "Probes while training"
        elif rest.startswith("largest") or rest.endswith(("embedding_std", "rank")):
            group = "Features"
        elif rest.startswith(("place_m_", "speed_m_s_")) or rest in ("forgetting", "transfer"):
            group = "Forecasts"
        elif rest.startswith(("alignment", "attention_", "prediction_")):
            group = "Senses"
        elif "/" in rest or rest in ("skipped_steps", "learning_rate", "samples_per_s"):
            continue
        else:
            group = "Loss terms"
        if rest not in groups[group]:
            groups[group].append(rest)
    groups["Forecasts"] = _some_horizons(groups["Forecasts"])
    if "loss" in groups["Loss terms"]:
        groups["Loss terms"].remove("loss")
        groups["Loss terms"].insert(0, "loss")
    return groups


def _some_horizons(names: Sequence[str]) -> list[str]:
    ahead = {name: int(found[1]) for name in names if (found := re.search(r"_(\d+)$", name))}
    farthest = max(ahead.values(), default=0)
    return [n for n in names if ahead.get(n, 1) in (1, (farthest + 1) // 2, farthest)]


def _by_number(name: str) -> list[str | int]:
    """Sorts place_m_5 before place_m_10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def _panel_grid(
    curves: Mapping[str, Sequence[Mapping[str, np.ndarray]]], names: Sequence[str], title: str
) -> str:
    columns = min(4, max(2, len(names)))
    rows = -(-len(names) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 2.3 * rows + 0.35), layout="constrained")
        axes = np.atleast_1d(figure.subplots(rows, columns)).ravel()
        for axis, name in zip(axes, names, strict=False):
            for colour, seeds in zip(cycle(FURTHER_COLOURS), curves.values(), strict=False):
                for stage, dash in (("train", "-"), ("val", "--")):
                    found = [seed[f"{stage}/{name}"] for seed in seeds if f"{stage}/{name}" in seed]
                    _draw_curves(axis, found, colour, dash)
            axis.set_title(name)
            axis.margins(x=0.02)
            axis.xaxis.set_major_locator(_few_integers())
        for axis in axes[len(names) :]:
            axis.set_axis_off()
        for axis in axes[max(0, len(names) - columns) : len(names)]:
            axis.set_xlabel("optimiser step")
        if len(curves) > 1:
            # Made by hand: a panel may lack a condition, or have no curve of training.
            lines = [
                Line2D([], [], color=colour, label=condition)
                for colour, condition in zip(cycle(FURTHER_COLOURS), curves, strict=False)
            ]
            figure.legend(handles=lines, loc="outside lower center", ncols=3)
        return as_svg(figure, title)


def _few_integers() -> object:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=4, integer=True)


def _draw_curves(axis: Axes, found: Sequence[np.ndarray], colour: str, dash: str) -> None:
    if len(found) > 1:
        for curve in found:
            axis.plot(*curve.T, dash, color=colour, linewidth=0.8, alpha=0.4)
        steps = sorted(set.intersection(*(set(curve[:, 0]) for curve in found)))
        if steps:
            rows = [curve[np.isin(curve[:, 0], steps)][: len(steps), 1] for curve in found]
            axis.plot(steps, np.mean(rows, axis=0), dash, color=colour)
    elif found:
        marker = "o" if len(found[0]) < 10 else None
        axis.plot(*found[0].T, dash, color=colour, marker=marker, markersize=3.5)


def quantity_dots(scores: Sequence[Score], title: str, measure: str) -> str:
    """One row per quantity; a dot for each kind of features (mean over seeds, a bar for +-1 SE)."""
    chosen = [s for s in scores if s.measure == measure and s.corruption == CLEAN]
    quantities = list(dict.fromkeys(s.quantity for s in chosen))
    features = [
        f for f in ("shuffled", *reversed(REFERENCES)) if any(s.features == f for s in chosen)
    ]
    features += [f for f in dict.fromkeys(s.features for s in chosen) if f not in features]
    with rc_context(STYLE):
        figure = Figure(figsize=(5.4, 0.42 * len(quantities) + 1.1), layout="constrained")
        axis = figure.subplots()
        for row, quantity in enumerate(quantities):
            here = [s for s in chosen if s.quantity == quantity]
            chance = np.mean([s.chance for s in here])
            axis.plot([chance] * 2, [row - 0.32, row + 0.32], color=INK, alpha=0.55, linewidth=2)
            for name in features:
                values = [max(s.value, -0.25) for s in here if s.features == name]
                if not values:
                    continue
                error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else None
                axis.errorbar(
                    np.mean(values), row, xerr=error, fmt="o", color=colour_of(name, features),
                    markersize=9 if name not in NAMES or name == "trained" else 7,
                    alpha=0.95,
                )  # fmt: skip
        axis.set_yticks(range(len(quantities)), quantities)
        axis.invert_yaxis()
        axis.grid(axis="y", visible=False)
        low = -0.28 if measure == "r2" else -0.02
        axis.set_xlim(low, 1.03)
        axis.set_xlabel(
            "R² (bar: knowing nothing)" if measure == "r2" else "accuracy (bar: chance)"
        )
        axis.set_title(title)
        return as_svg(figure, title + measure)


def legend(features: Sequence[str]) -> list[tuple[str, str]]:
    """(name, colour) of each kind of features for a legend in the page."""
    return [(NAMES.get(name, name), colour_of(name, features)) for name in features]


def colour_of(name: str, features: Sequence[str]) -> str:
    """A fixed colour for the known kinds, further ones in order for conditions."""
    if name in COLOURS:
        return COLOURS[name]
    others = [feature for feature in features if feature not in COLOURS]
    return FURTHER_COLOURS[others.index(name) % len(FURTHER_COLOURS)]


def robustness(scores: Sequence[Score], measure: str, quantities: Sequence[str]) -> str:
    """One panel per corruption: mean over quantities (and seeds) against severity, 0 is clean."""
    chosen = [s for s in scores if s.measure == measure and s.quantity in quantities]
    corruptions = list(dict.fromkeys(s.corruption for s in chosen if s.corruption != CLEAN))
    features = list(dict.fromkeys(s.features for s in chosen if s.corruption != CLEAN))
    columns = min(5, max(3, len(corruptions)))
    rows = -(-len(corruptions) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 2.2 * rows + 0.3), layout="constrained")
        axes = np.atleast_1d(figure.subplots(rows, columns, sharey=True, squeeze=False)).ravel()
        for axis, corruption in zip(axes, corruptions, strict=False):
            chance = np.mean([s.chance for s in chosen])
            axis.axhline(chance, color=INK, alpha=0.5, linewidth=1.2, linestyle=":")
            for name in features:
                points: dict[int, list[float]] = {}
                for score in chosen:
                    if score.features == name and score.corruption in (CLEAN, corruption):
                        value = score.value if measure == "accuracy" else max(score.value, 0.0)
                        points.setdefault(score.severity, []).append(value)
                severities = sorted(points)
                means = [np.mean(points[severity]) for severity in severities]
                axis.plot(severities, means, "o-", color=colour_of(name, features), markersize=4)
            axis.set_title(corruption.replace("_", " "))
            axis.set_xticks([0, 1, 2, 3, 4, 5])
        for axis in axes[len(corruptions) :]:
            axis.set_axis_off()
        for axis in axes[max(0, len(corruptions) - columns) : len(corruptions)]:
            axis.set_xlabel("severity")
        for row in range(rows):
            axes[row * columns].set_ylabel("mean accuracy" if measure == "accuracy" else "mean R²")
        return as_svg(figure, "robustness" + measure)
