"""What a report says of a stream of tasks: whether it was worth it, what was forgotten, and the
error of every task along it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsca.benchmarks.retentions import ERROR, Retained, summary
from nsca.reporting import page, plots
from nsca.reporting.run_record import RunRecord
from nsca.reporting.skipping import skipping
from nsca.statistics import mean_and_standard_error

PARTS = {"val": "held-out objects", "test": "kinds never seen (set B)"}
KEPT = "#8b919a"


def sentences(runs: Sequence[Sequence[Retained]]) -> list[str]:
    """What the phase does to the mean error over tasks, beside skipping it; and what is forgotten.

    Args:
        runs: the rows of each run of one condition that was judged.
    """
    figures = [summary(row for row in rows if row.measure == ERROR) for rows in runs if rows]
    if not figures:
        return []
    said = {name: _spread([each[name] for each in figures]) for name in figures[0]}
    split = next(row.split for rows in runs for row in rows)
    still = [row for rows in runs for row in rows if row.forecaster == "copy_last"]
    kept = np.mean([row.value for row in still if row.measure == ERROR])
    ends, begun = ({n: each[name] for n, each in enumerate(figures)} for name in ("end", "begun"))
    verdict = skipping(ends, {"the dynamics as they came": begun}, higher_is_better=False)
    said_of_it = (
        f"mean error over all tasks on {PARTS.get(split, split)} (1: what keeping the last "
        f"state gets wrong on average): <b>{said['end']}</b> at its end, {said['begun']} when "
        f"it began, {kept:.3f} by keeping the last state: {verdict}. Right after its own stage a "
        f"task was at {said['learned']}"
    )
    if "forgetting" in said:  # of one stage nothing is forgotten
        said_of_it += (
            f"; until the end {said['forgetting']} of it was forgotten; earlier tasks gave later "
            f"ones {said['transfer']} beforehand"
        )
    return [f"{said_of_it}."]


def retained(grouped: Mapping[str, Sequence[RunRecord]]) -> str:
    """The error of every task along the stream, a panel a condition."""
    judged = {n: [r.retained for r in runs if r.retained] for n, runs in grouped.items()}
    judged = {name: runs for name, runs in judged.items() if runs}
    if not judged:
        return ""
    intro = (
        "The error of each task on held-out windows before the stream (0) and after each of its "
        "stages, mean over seeds; the mark is where the task was learned. Flat to its right: "
        "nothing is forgotten. Dashed: the mean over tasks. Grey: the same of keeping the last "
        "state."
    )
    return page.section("What it still knows", _along(judged), intro=intro)


def _along(judged: Mapping[str, Sequence[Sequence[Retained]]]) -> str:
    with rc_context(plots.STYLE):
        figure = Figure(figsize=(5.4 * len(judged) + 1.2, 3.4), layout="constrained")
        axes = figure.subplots(1, len(judged), squeeze=False, sharey=True)[0]
        for axis, (name, runs) in zip(axes, judged.items(), strict=True):
            _panel(axis, [row for rows in runs for row in rows if row.measure == ERROR])
            axis.set_title(name if len(judged) > 1 else "error by task")
        axes[0].set_ylim(bottom=0)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center")
        return plots.as_svg(figure, "retention")


def _panel(axis: Axes, rows: Sequence[Retained]) -> None:
    ours = [row for row in rows if row.forecaster == "trained"]
    stages = sorted({row.after for row in ours})
    lines = []
    for place, task in enumerate(dict.fromkeys(row.task for row in ours)):
        here = [row for row in ours if row.task == task]
        line = [np.mean([row.value for row in here if row.after == s]) for s in stages]
        colour = f"C{place}"
        axis.plot(stages, line, color=colour, linewidth=1.4, label=task)
        own = here[0].learned_in
        axis.plot(own, line[stages.index(own)], "o", color=colour, markersize=5)
        lines.append(line)
    axis.plot(stages, np.mean(lines, axis=0), "--", color=plots.INK, linewidth=1.8, label="mean")
    kept = np.mean([row.value for row in rows if row.forecaster == "copy_last"])
    axis.axhline(kept, color=KEPT, linewidth=1.2, label="last state kept")
    axis.set_xlabel("stages that are over")
    axis.set_xticks(stages)


def _spread(values: Sequence[float]) -> str:
    mean, error = mean_and_standard_error(values)
    return f"{mean:.3f}" if np.isnan(error) else f"{mean:.3f} ± {error:.3f}"
