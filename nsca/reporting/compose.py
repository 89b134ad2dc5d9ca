"""The page of a report, section by section."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nsca.assembly import phase_name
from nsca.benchmarks.scores import Score
from nsca.reporting import (
    forecast_sections,
    model_pictures,
    model_senses,
    model_sounds,
    outcome_sections,
    page,
    plots,
    retention_sections,
    run_sections,
    score_sections,
    sense_sections,
    time_sections,
)
from nsca.reporting.run_record import RunRecord, conditions

WITHOUT_FEATURES = frozenset({"dynamics", "fewshot", "memory"})
"""Phases that are shown by what they foretell or do."""


def compose_report(runs: Sequence[RunRecord], pictures: bool, seed: int) -> str:
    """The whole page.

    Args:
        runs: one or more; those that differ in the seed alone are averaged.
        pictures: whether data and checkpoint are opened for pictures.
        seed: of the pictures that are drawn.
    """
    title = runs[0].path.parent.name
    return page.page(f"NSCA report: {title}", page.heading(title) + run_body(runs, pictures, seed))


def run_body(runs: Sequence[RunRecord], pictures: bool, seed: int) -> str:
    """What stands below the heading: all sections, see `compose_report`."""
    first = runs[0]
    grouped = conditions(list(runs))
    judged = [name for name, of_it in grouped.items() if any(run.scores for run in of_it)]
    scores = _by_condition(grouped, source=judged[0]) if judged else []
    several = len(grouped) > 1 and judged
    remark = (
        f" Untrained twin, encoder-free features, shuffled labels: of {judged[0]}."
        if several
        else ""
    )
    phase = phase_name(first.config) if "phase" in first.config else ""
    shown = {"audio": model_sounds, "fusion": model_senses, "full": model_senses}.get(
        phase, model_pictures
    )
    elsewhere = (sense_sections.belongs_here, time_sections.belongs_here)
    probed = [score for score in scores if not any(its(score) for its in elsewhere)]
    body = [
        page.paragraph(run_sections.subtitle(runs), soft=True),
        score_sections.verdict(grouped),
        page.tiles(run_sections.tiles(runs)),
        shown.data_section(first, seed) if pictures else "",
        run_sections.rates(runs),
        _curves(grouped),
        outcome_sections.acting(grouped),
        retention_sections.retained(grouped),
        forecast_sections.foretelling(grouped),
        score_sections.evaluation(probed, remark),
        time_sections.consistency(scores),
        sense_sections.retrieval(scores),
        sense_sections.lost_senses(scores),
        score_sections.robustness(probed, remark),
        shown.model_section(first, seed) if pictures and phase not in WITHOUT_FEATURES else "",
        run_sections.diagnoses(runs),
        run_sections.reproduce(runs),
        run_sections.cards(runs),
    ]
    return "".join(body)


def _by_condition(grouped: Mapping[str, Sequence[RunRecord]], source: str) -> list[Score]:
    """All scores; with several conditions `trained` carries the condition's name, and what it is
    compared with comes from the condition `source`.
    """
    return [
        replace(score, features=name) if mine and len(grouped) > 1 else score
        for name, runs in grouped.items()
        for run in runs
        for score in run.scores
        if (mine := score.features == "trained") or name == source
    ]


def _curves(grouped: Mapping[str, Sequence[RunRecord]]) -> str:
    curves = {name: [run.curves for run in runs] for name, runs in grouped.items()}
    names = {name for seeds in curves.values() for seed in seeds for name in seed}
    drawn = plots.learning_curves(curves, plots.panels(sorted(names)))
    parts = [f"<h3>{page.escape(title)}</h3>{svg}" for title, svg in drawn.items()]
    intro = "Solid: training, dashed: validation on held-out objects."
    if any(len(runs) > 1 for runs in grouped.values()):
        intro += " Thin: single seeds, thick: their mean."
    return page.section("Learning curves", *parts, intro=intro)
