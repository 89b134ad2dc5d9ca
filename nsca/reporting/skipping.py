"""Whether a phase improves a figure over leaving the phase out, in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nsca.reporting import page
from nsca.statistics import paired_difference


def skipping(
    ours: Mapping[Any, float],
    without: Mapping[str, Mapping[Any, float]],
    higher_is_better: bool = True,
) -> str:
    """Return what is to be said, as HTML: nothing where nothing stands beside it.

    Args:
        ours: the figure by seed.
        without: what there is without the phase, by its name, by seed. The best of them is what has
            to be beaten: with several seeds by a paired difference whose 95 % t interval excludes
            0, with one seed by its sign.
        higher_is_better: whether the figure is such; an error is not.
    """
    sign = 1.0 if higher_is_better else -1.0
    paired = {
        name: [sign * (ours[seed] - theirs[seed]) for seed in ours if seed in theirs]
        for name, theirs in without.items()
    }
    paired = {name: gains for name, gains in paired.items() if gains}
    if not paired:
        return ""
    name, gains = min(paired.items(), key=lambda item: float(np.mean(item[1])))
    over = f"over skipping it ({page.escape(name)})"
    if len(gains) == 1:
        if gains[0] > 0:
            return f"the phase improves it {over}, by one seed"
        return f"<b>the phase does not improve it {over}</b>, by one seed"
    difference = paired_difference(gains, [0.0] * len(gains))
    if difference.low > 0:
        return f"the phase improves it {over}"
    if difference.mean > 0:
        return f"<b>that the phase improves it {over} is not shown</b>"
    return f"<b>the phase does not improve it {over}</b>"
