"""A figure against the number of demonstrations: the shape of the suite's main claim.

One line a condition: mean over seeds, with the Student t interval of that mean as a band.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, NullLocator

from nsca.reporting.plots import FURTHER_COLOURS, INK, STYLE
from nsca.statistics import mean_and_standard_error, mean_interval

BAND_ALPHA = 0.16
STYLES = ("o-", "s--", "^:")
"""Of lines: the next one where all colours have been used."""


def demonstration_curves(
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    label: str,
    *,
    limits: tuple[float, float] | None = None,
    levels: Mapping[str, float] | None = None,
    across: str = "demonstrations",
    confidence: float = 0.95,
) -> Figure:
    """Mean and interval over seeds by number of demonstrations, on a logarithmic axis.

    Args:
        curves: by condition, then by number of demonstrations (at least 1), one value a seed.
        label: of the vertical axis, with the unit.
        limits: the range that the figure can have, such as (0, 1): bands are cut there.
        levels: by name, what is reached without any: level lines.
        across: what is counted, for the horizontal axis.
        confidence: of the bands; a point of one seed has none.

    Raises:
        ValueError: no curves, fewer than one demonstration, or a point without values.
    """
    if not curves or any(count < 1 for points in curves.values() for count in points):
        raise ValueError("curves need at least one condition, and points at least 1 demonstration")
    with rc_context(STYLE):
        figure = Figure(figsize=(8.2, 3.8), layout="constrained")
        axis = figure.subplots()
        for (name, level), dash in zip(
            (levels or {}).items(), cycle((":", "--", "-.")), strict=False
        ):
            axis.axhline(level, color=INK, alpha=0.5, linewidth=1.2, linestyle=dash, label=name)
        for place, (condition, points) in enumerate(curves.items()):
            again, first = divmod(place, len(FURTHER_COLOURS))
            colour, style = FURTHER_COLOURS[first], STYLES[again % len(STYLES)]
            counts = sorted(points)
            means = [mean_and_standard_error(points[count])[0] for count in counts]
            axis.plot(counts, means, style, color=colour, markersize=4, label=condition)
            banded = [count for count in counts if len(points[count]) > 1]
            bands = [mean_interval(points[count], confidence) for count in banded]
            if limits is not None:
                low, high = limits
                bands = [(max(low, below), min(high, above)) for below, above in bands]
            if banded:
                axis.fill_between(
                    banded,
                    [below for below, _ in bands],
                    [above for _, above in bands],
                    color=colour,
                    alpha=BAND_ALPHA,
                    linewidth=0,
                )
        axis.set_xscale("log")
        ticks = sorted({count for points in curves.values() for count in points})
        axis.set_xticks(ticks, [str(count) for count in ticks])
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel(across)
        axis.set_ylabel(label)
        if limits is not None:
            margin = 0.03 * (limits[1] - limits[0])
            axis.set_ylim(limits[0] - margin, limits[1] + margin)
        axis.legend(
            loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False
        )  # never above a curve
    return figure
