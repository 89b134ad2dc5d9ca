"""Plots of several senses: what a state listens to, and what is left when a sense is lost."""

from collections.abc import Mapping

from matplotlib import rc_context
from matplotlib.figure import Figure

from nsca.reporting.plots import INK, STYLE, as_svg, colour_of


def lost_senses(means: Mapping[str, Mapping[str, float]], title: str, unit: str) -> str:
    """One row a way of losing senses, a dot for each kind of features.

    Args:
        means: by kind of features, then by way; the first way is to have lost nothing.
        title: of the drawing.
        unit: of the means, in [0, 1].
    """
    ways = list(next(iter(means.values())))
    with rc_context(STYLE):
        figure = Figure(figsize=(5.4, 0.36 * len(ways) + 1.0), layout="constrained")
        axis = figure.subplots()
        for name, own in list(means.items())[::-1]:
            whole = own[ways[0]]
            axis.axvline(whole, color=colour_of(name, []), linewidth=1, linestyle=":", alpha=0.8)
            values = [own[way] for way in ways]
            axis.plot(values, range(len(ways)), "o", color=colour_of(name, []), markersize=7)
        axis.set_yticks(range(len(ways)), ways)
        axis.margins(y=0.12)
        axis.invert_yaxis()
        axis.set_xlim(-0.02, 1.02)
        axis.set_xlabel(unit)
        axis.set_title(title)
        return as_svg(figure, title + unit)


def attention_bars(shares: Mapping[str, Mapping[str, float]], title: str) -> str:
    """One bar a set of senses, cut into the shares of attention on each of them and on nothing.

    Args:
        shares: by set, then by sense; those of a set sum to 1.
        title: of the drawing.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(5.4, 0.42 * len(shares) + 0.9), layout="constrained")
        axis = figure.subplots()
        for row, own in enumerate(shares.values()):
            start = 0.0
            for sense, share in own.items():
                axis.barh(row, share, left=start, height=0.66, color=colour_of(sense, []))
                if share > 0.08:
                    where = (start + share / 2, row)
                    axis.annotate(f"{share:.0%}", where, ha="center", va="center", color="white")
                start += share
        axis.set_yticks(range(len(shares)), list(shares))
        axis.invert_yaxis()
        axis.set_xlim(0, 1)
        axis.grid(visible=False)
        axis.axvline(1, color=INK, linewidth=0.8, alpha=0.3)
        axis.set_xlabel("share of attention")
        axis.set_title(title)
        return as_svg(figure, title)
