"""The page of a report, section by section."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nsca.benchmarks.scores import Score
from nsca.reporting import page, plots, run_sections, score_sections
from nsca.reporting.model_pictures import data_section, model_section
from nsca.reporting.run_record import RunRecord, conditions


def compose_report(runs: Sequence[RunRecord], pictures: bool, seed: int) -> str:
    """The whole page.

    Args:
        runs: one or more; those that differ in the seed alone are averaged.
        pictures: whether data and checkpoint are opened for pictures.
        seed: of the pictures that are drawn.
    """
    first = runs[0]
    grouped = conditions(list(runs))
    scores = _by_condition(grouped)
    title = first.path.parent.name
    body = [
        f"<h1>{page.escape(title)}</h1>",
        page.paragraph(run_sections.subtitle(runs), soft=True),
        score_sections.verdict(scores, grouped),
        page.tiles(run_sections.tiles(runs)),
        data_section(first, seed) if pictures else "",
        _curves(grouped),
        score_sections.evaluation(scores),
        score_sections.robustness(scores),
        model_section(first, seed) if pictures else "",
        run_sections.diagnoses(runs),
        run_sections.reproduce(runs),
        run_sections.cards(runs),
    ]
    return page.page(f"NSCA report: {title}", "".join(body))


def _by_condition(grouped: Mapping[str, Sequence[RunRecord]]) -> list[Score]:
    """All scores; with several conditions `trained` carries the condition's name."""
    if len(grouped) == 1:
        return [score for runs in grouped.values() for run in runs for score in run.scores]
    scores = []
    for index, (name, runs) in enumerate(grouped.items()):
        for run in runs:
            for score in run.scores:
                if score.features == "trained":
                    scores.append(replace(score, features=name))
                elif index == 0:
                    scores.append(score)
    return scores


def _curves(grouped: Mapping[str, Sequence[RunRecord]]) -> str:
    curves = {name: [run.curves for run in runs] for name, runs in grouped.items()}
    names = {name for seeds in curves.values() for seed in seeds for name in seed}
    drawn = plots.learning_curves(curves, plots.panels(sorted(names)))
    parts = [f"<h3>{page.escape(title)}</h3>{svg}" for title, svg in drawn.items()]
    intro = "Solid: training, dashed: validation on held-out objects."
    if any(len(runs) > 1 for runs in grouped.values()):
        intro += " Thin: single seeds, thick: their mean."
    return page.section("Learning curves", *parts, intro=intro)
