"""A picture of a few forecasts: what was seen, what came, and what was imagined with its doubt."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

PICTURE = "forecasts.png"  # in the evaluation's folder
AXES = {"across": 0, "along": 1, "height": 2}  # of the thing's place on a table
DRIVING = {"ahead of inertia": 0, "left of it": 1, "above it": 2}
"""Of what drives, from where going on at the last velocity would bring it."""


def draw_forecasts(
    seconds: Float[np.ndarray, " moment"],
    true: Float[np.ndarray, "window moment place"],
    mean: Float[np.ndarray, "window ahead place"],
    deviation: Float[np.ndarray, "window ahead quantity"],
    prior: Float[np.ndarray, "window ahead place"],
    path: Path,
    axes_of: Mapping[str, int] = AXES,
) -> None:
    """Draw the three axes of the thing's place, a column a window.

    Args:
        seconds: of all moments of a window, 0 at the last one seen.
        true: places of all moments, m.
        mean, deviation: imagined.
        prior: by the prior alone.
        path: of the PNG.
        axes_of: names of the axes, and their columns.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.6 * len(true), 5.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(axes_of), len(true), squeeze=False, sharex=True)
    ahead_s = seconds[-mean.shape[1] :]
    for row, (name, column) in enumerate(axes_of.items()):
        for window, axis in enumerate(axes[row]):
            middle, wide = (100 * part[window, :, column] for part in (mean, deviation))
            axis.fill_between(ahead_s, middle - 2 * wide, middle + 2 * wide, color="#c9dcf7")
            axis.plot(seconds, 100 * true[window, :, column], color="black", label="what came")
            axis.plot(ahead_s, middle, color="#3b7ddd", label="imagined, ± 2 deviations")
            alone = 100 * prior[window, :, column]
            axis.plot(ahead_s, alone, "--", color="#d98218", label="the prior alone")
            axis.axvline(0.0, color="grey", linewidth=0.8, linestyle=":")
            low, high = axis.get_ylim()
            if high - low < 1.0:  # a thing at rest looks at rest
                axis.set_ylim((low + high) / 2 - 0.5, (low + high) / 2 + 0.5)
            axis.spines[["top", "right"]].set_visible(False)
        axes[row][0].set_ylabel(f"{name} (cm)")
    for axis in axes[-1]:
        axis.set_xlabel("s")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    figure.savefig(path, dpi=80)
