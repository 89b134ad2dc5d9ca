"""The curve of a search for a learning rate: loss against rate, the suggestion marked."""

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from nsca.rate_finder import LEARNING_RATES_PLOT, RateCurve
from nsca.reporting.plots import COLOURS, INK, STYLE, as_svg

ROOM = 0.3
"""Above the first loss, as a share of how far it falls; what diverges further is cut off."""


def draw(curve: RateCurve) -> Figure:
    """Return loss against learning rate, as measured and smoothed."""
    smooth, suggestion = curve.smooth(), curve.suggestion()
    with rc_context(STYLE):
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        axis = figure.subplots()
        axis.semilogx(curve.rates, curve.losses, color=COLOURS["trained"], alpha=0.35)
        axis.semilogx(curve.rates, smooth, color=COLOURS["trained"])
        if suggestion is not None:
            axis.axvline(suggestion, color=COLOURS["pixels"], linestyle="--")
            axis.annotate(
                f" suggested: {suggestion:.2g}",
                (suggestion, 0.92),
                xycoords=("data", "axes fraction"),
                color=INK,
            )
        fall = max(float(smooth[0] - smooth.min()), 1e-8)
        axis.set_ylim(curve.losses.min() - 0.1 * fall, curve.losses[0] + ROOM * fall)
        axis.set_xlabel("learning rate")
        axis.set_ylabel("loss")
        return figure


def rate_svg(curve: RateCurve) -> str:
    """Return the plot for a page."""
    return as_svg(draw(curve), "learning rates")


def write_plot(curve: RateCurve, run: Path) -> Path:
    """Write the plot into a run directory and return its file."""
    file = run / LEARNING_RATES_PLOT
    with rc_context(STYLE):
        draw(curve).savefig(file, dpi=130, facecolor="white")
    return file
