"""What was lost against what was learned: the picture of two tasks in order under some methods."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsca.reporting.plots import INK, STYLE
from nsca.statistics import mean_and_standard_error

COLOURS = ("#8b919a", "#3b7ddd", "#0f9d76", "#c2410c", "#9b5de5", "#b8860b")

Scores = Mapping[str, Sequence[float]]


def forgetting_figure(
    scores: Mapping[str, Scores], reference: str, *, most_lost: float, least_ratio: float
) -> Figure:
    """Left: every method's first task before and after. Right: points lost and the second task.

    Args:
        scores: by method `first_before`, `first_after` and `second_after`, shares of episodes in
            0..1, one a seed and in the same order.
        reference: the method whose second task counts as 1.
        most_lost, least_ratio: the corner in which a method passes.

    Raises:
        ValueError: the reference is not among the methods.
    """
    if reference not in scores:
        raise ValueError(f"{reference!r} is not among {list(scores)}: nothing to compare with")
    with rc_context(STYLE):
        figure = Figure(figsize=(10.5, 4.1), layout="constrained")
        left, right = figure.subplots(1, 2)
        _before_and_after(left, scores)
        naive = float(np.mean(scores[reference]["second_after"]))
        _lost_and_learned(right, scores, naive, most_lost, least_ratio)
    return figure


def _before_and_after(axis: Axes, scores: Mapping[str, Scores]) -> None:
    for place, (colour, values) in enumerate(zip(COLOURS, scores.values(), strict=False)):
        ends = place - 0.28, place + 0.28
        for pair in zip(values["first_before"], values["first_after"], strict=True):
            axis.plot(ends, 100 * np.array(pair), color=colour, linewidth=0.8, alpha=0.35)
        means = [100 * np.mean(values[name]) for name in ("first_before", "first_after")]
        axis.plot(ends, means, "o-", color=colour, markersize=5, linewidth=2.2)
    axis.set_xticks(range(len(scores)), [name.replace("_", " ") for name in scores])
    axis.tick_params(axis="x", labelsize=9)
    axis.set(ylabel="success on the first task (%)", ylim=(-4, 104))
    axis.set_title("The first task before and after the second, every seed")
    axis.grid(axis="x", visible=False)


def _lost_and_learned(
    axis: Axes, scores: Mapping[str, Scores], naive: float, most_lost: float, least_ratio: float
) -> None:
    axis.axvspan(-20, 100 * most_lost, color=COLOURS[1], alpha=0.09, linewidth=0)
    axis.axhline(100 * least_ratio * naive, color=INK, alpha=0.5, linestyle=":", linewidth=1.2)
    for colour, (method, values) in zip(COLOURS, scores.items(), strict=False):
        lost = 100 * (np.array(values["first_before"]) - np.array(values["first_after"]))
        learned = 100 * np.array(values["second_after"])
        axis.plot(lost, learned, ".", color=colour, alpha=0.4, markersize=6)
        spread = [mean_and_standard_error(each.tolist()) for each in (lost, learned)]
        (x, x_error), (y, y_error) = [(m, 0 if np.isnan(e) else e) for m, e in spread]
        axis.errorbar(
            x, y, yerr=y_error, xerr=x_error, fmt="o", color=colour, markersize=7,
            label=method.replace("_", " "),
        )  # fmt: skip
    axis.set(xlabel="points lost of the first task", ylabel="success on the second task (%)")
    axis.set(xlim=(-20, 104), ylim=(-4, 104))
    axis.set_title("Mean ± SE; wanted: left of the edge, above the dots")
    axis.legend(loc="lower right", ncols=2)
