"""Tables and pictures of a few-shot study, from what its table has so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from jaxtyping import Float
from matplotlib import rc_context
from matplotlib.figure import Figure

from nsca.aggregates import interquartile_mean_interval
from nsca.job_table import JobTable
from nsca.paired_table import PairedTable, markdown
from nsca.reporting.demonstration_curves import demonstration_curves
from nsca.reporting.plots import FURTHER_COLOURS, INK, STYLE
from nsca.reporting.tables import csv_table, markdown_table, paired_csv, paired_latex
from nsca.statistics import paired_difference

SUCCESS = "success"
EXPLAINED = {
    SUCCESS: "share of episodes that succeed at any step",
    "first_plan": "share of episodes that succeed with the first plan",
    "imagined": "share of first plans that end within 4 cm of their promise in imagination",
    "model_error_cm": "of places 1/8 s ahead on held-out demonstrations, in cm",
}
MOTION = "motion_cm"  # beside the error; the same for every arm, so nothing to compare


@dataclass(frozen=True)
class Scores:
    """What was measured, by setting, count, arm, seed and figure.

    Attributes:
        settings, counts: in the order to show them.
        primary: of success, by count, such as `success @ 1`; None for all figures.
        arms: in the order to show them.
        reference: the arm that success is compared with.
        model_reference: the arm that what the model says is compared with; None where no arm has
            a model.
        results: the table.
    """

    settings: Sequence[str]
    counts: Sequence[int]
    primary: Sequence[str] | None
    arms: Sequence[str]
    reference: str
    model_reference: str | None
    results: JobTable

    def reference_of(self, figure: str) -> str | None:
        """The arm that a figure is compared with."""
        return self.reference if figure == SUCCESS else self.model_reference

    def of(self, setting: str, count: int, arm: str, figure: str = SUCCESS) -> dict[int, float]:
        """A figure by seed, for the seeds that ran."""
        return self.results.values(f"{setting}/{count}/{arm}", figure)

    def means(self, count: int, arm: str, figure: str = SUCCESS) -> dict[int, float]:
        """The mean over all settings by seed, for the seeds that have all of them."""
        found = [self.of(setting, count, arm, figure) for setting in self.settings]
        whole = set.intersection(*(set(values) for values in found))
        return {seed: float(np.mean([values[seed] for values in found])) for seed in sorted(whole)}

    def matrix(self, count: int, arm: str) -> Float[np.ndarray, "setting seed"] | None:
        """Success of the seeds that have all settings; None where there are none."""
        seeds = self.means(count, arm)
        if not seeds:
            return None
        rows = [self.of(setting, count, arm) for setting in self.settings]
        return np.array([[row[seed] for seed in seeds] for row in rows])

    @property
    def paired(self) -> list[PairedTable]:
        """Means over settings, paired by seed: success, and what models say where there are some.

        Two tables, each with its own reference and correction; what models say is primary only
        where all is.
        """
        tables = [self._paired([SUCCESS], self.reference, self.arms)]
        if self.model_reference is not None:
            figures = [figure for figure in EXPLAINED if figure != SUCCESS]
            arms = [
                arm
                for arm in self.arms
                if any(self.means(n, arm, figure) for n in self.counts for figure in figures)
            ]
            if arms:
                tables.append(self._paired(figures, self.model_reference, arms))
        return tables

    def _paired(self, figures: Sequence[str], reference: str, arms: Sequence[str]) -> PairedTable:
        metrics = [
            f"{figure} @ {count}"
            for figure in figures
            for count in self.counts
            if any(self.means(count, arm, figure) for arm in arms)
        ]
        metrics = metrics or [f"{figures[0]} @ {self.counts[0]}"]

        def values(arm: str, metric: str) -> dict[int, float]:
            figure, _, count = metric.partition(" @ ")
            return self.means(int(count), arm, figure)

        explained = {metric: self._explained(*metric.split(" @ "), reference) for metric in metrics}
        named = metrics if self.primary is None else self.primary
        primary = [metric for metric in named if metric in metrics]
        return PairedTable(
            arms, metrics, primary, reference, values, explained, higher_is_better=False
        )

    def _explained(self, figure: str, count: str, reference: str) -> str:
        text = f"{EXPLAINED[figure]}; mean over {len(self.settings)} settings"
        moved = self.means(int(count), reference, MOTION) if figure == "model_error_cm" else {}
        if not moved:
            return text
        return f"{text}; expecting that nothing moves errs by {fmean(moved.values()):.1f} cm"


def tables(scores: Scores) -> dict[str, str]:
    """Texts of files by name."""
    paired = scores.paired
    header, rows = _settings_rows(scores)
    iqm = markdown_table(["arm", *map(_shown, scores.counts)], _iqm(scores))
    return {
        "table.md": (
            "\n".join(markdown(table) for table in paired)
            + "\n### Interquartile mean of success over settings and seeds\n\nWith its stratified "
            "bootstrap interval (95 %), which is too narrow with few seeds.\n\n" + iqm
        ),
        "table.csv": _one_csv([paired_csv(table) for table in paired]),
        "table.tex": "\n".join(paired_latex(table) for table in paired),
        "settings.md": markdown_table(header, rows),
        "settings.csv": csv_table(header, rows),
    }


def _one_csv(texts: Sequence[str]) -> str:
    """Tables of the same columns, one below the other."""
    return texts[0] + "".join(text.split("\n", 1)[1] for text in texts[1:])


def _shown(count: int) -> str:
    return f"{count} demonstration{'' if count == 1 else 's'}"


def _iqm(scores: Scores) -> list[list[str]]:
    rows = []
    for arm in scores.arms:
        cells = [arm]
        for count in scores.counts:
            matrix = scores.matrix(count, arm)
            if matrix is None:
                cells.append("not measured")
                continue
            found = interquartile_mean_interval(matrix, resamples=2000)
            cells.append(f"{found.value:.3f} ({found.low:.3f} .. {found.high:.3f})")
        rows.append(cells)
    return rows


def _settings_rows(scores: Scores) -> tuple[list[str], list[list[str]]]:
    """Success of every setting, mean over the seeds that ran, beside the expert's own."""
    columns = [(count, arm) for count in scores.counts for arm in scores.arms]
    rows = []
    for setting in scores.settings:
        found = [scores.of(setting, count, arm) for count, arm in columns]
        seeds = max((len(values) for values in found), default=0)
        means = [f"{np.mean(list(v.values())):.2f}" if v else "" for v in found]
        experts = [
            rate
            for count, arm in columns
            for rate in scores.of(setting, count, arm, "expert_success").values()
        ]
        expert = f"{np.mean(experts):.2f}" if experts else ""
        rows.append([setting, str(seeds), expert, *means])
    header = ["setting", "seeds", "expert", *(f"{arm} @ {count}" for count, arm in columns)]
    if not any(row[2] for row in rows):  # without demonstrations nobody asks it
        header, rows = header[:2] + header[3:], [row[:2] + row[3:] for row in rows]
    return header, rows


def learning_curves(scores: Scores) -> Figure:
    """Success by number of demonstrations, mean over settings; empty until a seed is whole.

    The axis is logarithmic: no demonstrations have no place on it.
    """
    counts = [count for count in scores.counts if count > 0]
    curves = {}
    for arm in scores.arms:
        points = {n: list(found.values()) for n in counts if (found := scores.means(n, arm))}
        if points:
            curves[arm] = points
    if not curves:
        return Figure(figsize=(6.4, 3.8))
    return demonstration_curves(curves, "success, mean over settings", limits=(0.0, 1.0))


def effects(scores: Scores) -> Figure:
    """The first arm minus the reference of each figure, setting by setting, with the paired 95 % t
    interval.
    """
    treated = next(arm for arm in scores.arms if arm != scores.reference)
    shown = [
        figure
        for figure in EXPLAINED
        if any(
            _pairs(scores, s, n, treated, figure) for s in scores.settings for n in scores.counts
        )
    ]
    with rc_context(STYLE):
        height = 1.2 + 0.16 * len(scores.settings) * len(scores.counts)
        figure = Figure(figsize=(4.2 * max(len(shown), 1) + 1.5, height), layout="constrained")
        panels = figure.subplots(1, max(len(shown), 1), squeeze=False, sharey=True)[0]
        for axis, name in zip(panels, shown, strict=False):
            axis.axvline(0.0, color=INK, linewidth=1.0)
            axis.locator_params(axis="x", nbins=5)  # more labels run into each other
            for rank, count in enumerate(scores.counts):
                colour = FURTHER_COLOURS[rank % len(FURTHER_COLOURS)]
                for place, setting in enumerate(scores.settings):
                    pairs = _pairs(scores, setting, count, treated, name)
                    if len(pairs) < 2:
                        continue
                    ours, theirs = zip(*pairs, strict=True)
                    found = paired_difference(list(ours), list(theirs))
                    at = place + 0.7 * ((rank + 0.5) / len(scores.counts) - 0.5)
                    axis.plot([found.low, found.high], [at, at], color=colour, linewidth=1.4)
                    label = _shown(count) if place == 0 else None
                    axis.plot(found.mean, at, "o", color=colour, markersize=4, label=label)
            against = scores.reference_of(name)
            axis.set_title(f"{name.replace('_', ' ')}: {treated} minus {against}")
        panels[0].set_yticks(range(len(scores.settings)), scores.settings, fontsize=7)
        panels[0].set_ylim(len(scores.settings) - 0.4, -0.6)
        if panels[0].get_legend_handles_labels()[0]:  # none where every arm has one seed
            panels[-1].legend()
    return figure


def _pairs(
    scores: Scores, setting: str, count: int, treated: str, figure: str
) -> list[tuple[float, float]]:
    """(treated, reference) for the seeds that both have."""
    ours = scores.of(setting, count, treated, figure)
    against = scores.reference_of(figure)
    theirs = {} if against is None else scores.of(setting, count, against, figure)
    return [(ours[seed], theirs[seed]) for seed in sorted(ours.keys() & theirs.keys())]
