"""What a report says, section by section."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf

from nsca.benchmarks.scores import CLEAN, Score
from nsca.reporting import page, plots
from nsca.reporting.model_pictures import data_section, model_section
from nsca.reporting.run_record import RunRecord, conditions
from nsca.run_card import RUN_CARD, load_run_card
from nsca.statistics import mean_and_standard_error, paired_difference

PARTS = {
    "val": "held-out objects",
    "test": "kinds never seen (set B)",
    "test_refit": "kinds never seen, probe fitted on other objects of them",
}
REFERENCES = ("random", "pixels")


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
        page.paragraph(_subtitle(runs), soft=True),
        _verdict(scores, grouped),
        page.tiles(_tiles(runs)),
        data_section(first, seed) if pictures else "",
        _curves(grouped),
        _evaluation(scores),
        _robustness(scores),
        model_section(first, seed) if pictures else "",
        _diagnoses(runs),
        _reproduce(runs),
        _cards(runs),
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


def _subtitle(runs: Sequence[RunRecord]) -> str:
    seeds = ", ".join(str(run.card.get("seed")) for run in runs)
    started = str(runs[0].card.get("starts", [""])[0]).replace("T", " ").replace("+00:00", " UTC")
    states = {str(run.card.get("status")) for run in runs}
    many = f"{len(runs)} runs, seeds {seeds}" if len(runs) > 1 else f"seed {seeds}"
    return f"{many} · started {started} · {', '.join(sorted(states))}"


def _mean(scores: Sequence[Score], part: str, measure: str, features: str) -> list[float]:
    """Mean over quantities for each seed, an R2 below 0 counted as 0."""
    values: dict[str, list[float]] = {}
    for score in scores:
        wanted = (score.features, score.measure, score.corruption) == (features, measure, CLEAN)
        if wanted and score.name.partition("/")[0] == part:
            value = score.value if measure == "accuracy" else max(score.value, 0.0)
            values.setdefault(score.quantity, []).append(value)
    if not values:
        return []
    seeds = min(len(v) for v in values.values())
    return [float(np.mean([v[seed] for v in values.values()])) for seed in range(seeds)]


def _verdict(scores: Sequence[Score], grouped: Mapping[str, Sequence[RunRecord]]) -> str:
    if not scores:
        return (
            '<div class="verdict"><p>Not judged yet: <code>python -m nsca.evaluate '
            f"run={page.escape(str(next(iter(grouped.values()))[0].path))}</code></p></div>"
        )
    parts = {score.name.partition("/")[0] for score in scores}
    part = "test" if "test" in parts else "val"
    lines = []
    names = list(grouped) if len(grouped) > 1 else ["trained"]
    for name in names:
        for measure, word in (("accuracy", "accuracy"), ("r2", "R²")):
            ours = _mean(scores, part, measure, name)
            if not ours:
                continue
            compared = []
            for reference in REFERENCES:
                theirs = _mean(scores, part, measure, reference)
                if theirs:
                    compared.append(
                        f"{plots.NAMES[reference]} {_spread(theirs)} ({_gain(ours, theirs)})"
                    )
            whose = f"{page.escape(name)}: mean" if len(names) > 1 else "Mean"
            chance = np.mean(
                [
                    s.chance
                    for s in scores
                    if (s.measure, s.corruption) == (measure, CLEAN)
                    and s.name.partition("/")[0] == part
                ]
            )
            compared.append(f"chance {chance:.3f}")
            lines.append(
                f"<p>{whose} {word} of linear probes on {PARTS.get(part, part)}: "
                f"<b>{_spread(ours)}</b>; {', '.join(compared)}.</p>"
            )
    seeds = max(len(runs) for runs in grouped.values())
    if seeds == 1:
        lines.append(
            '<p class="soft">One seed: the spread over seeds is unknown, so small differences mean '
            "nothing.</p>"
        )
    return f'<div class="verdict">{"".join(lines)}</div>'


def _gain(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Ours minus theirs; with several paired seeds judged by the t interval, else by its sign."""
    if len(ours) == len(theirs) > 1:
        paired = paired_difference(ours, theirs)
        kind = {"better": "good", "worse": "bad"}.get(paired.verdict, "soft")
        text = f"{paired.mean:+.3f}, 95 % from {paired.low:+.3f} to {paired.high:+.3f}"
        return f'<span class="{kind}">{text}</span>'
    gain = float(np.mean(ours) - np.mean(theirs))
    kind = "soft" if abs(gain) < 0.0005 else "good" if gain > 0 else "bad"
    return f'<span class="{kind}">{gain:+.3f}</span>'


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _in_order(features: Iterable[str]) -> list[str]:
    """Ours first, then what it is compared with, the control last."""
    found = list(dict.fromkeys(features))
    last = [name for name in ("random", "pixels", "shuffled") if name in found]
    return [name for name in found if name not in last] + last


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    mean, error = mean_and_standard_error(values)
    return f"{mean:.3f}" if np.isnan(error) else f"{mean:.3f} ± {error:.3f}"


def _tiles(runs: Sequence[RunRecord]) -> list[tuple[str, str]]:
    def average(name: str, text: str) -> str:
        values = [run.card[name] for run in runs if run.card.get(name) is not None]
        return text.format(float(np.mean(values))) if values else ""

    steps = [max((c[-1, 0] for c in run.curves.values()), default=0) for run in runs]
    seconds = average("seconds", "{:.0f} s")
    return [
        ("optimiser steps", f"{int(max(steps)) + 1:,}" if max(steps) else ""),
        ("training time", seconds),
        ("samples per second", average("samples_per_s", "{:,.0f}")),
        ("peak memory", average("peak_memory_mb", "{:,.0f} MB")),
        ("peak device memory", average("peak_device_memory_mb", "{:,.0f} MB")),
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


def _evaluation(scores: Sequence[Score]) -> str:
    linear = [s for s in scores if s.corruption == CLEAN and s.measure != "knn_accuracy"]
    parts = []
    features = _in_order(s.features for s in linear)
    for part in dict.fromkeys(s.name.partition("/")[0] for s in linear):
        here = [s for s in linear if s.name.partition("/")[0] == part]
        drawings = [
            f"<div>{plots.quantity_dots(here, title, measure)}</div>"
            for measure, title in (("accuracy", "classes"), ("r2", "scalars"))
            if any(s.measure == measure for s in here)
        ]
        parts.append(f"<h3>{page.escape(_capital(PARTS.get(part, part)))}</h3>")
        if part != "test_refit":
            parts.append(f'<div class="row">{"".join(drawings)}</div>')
        parts.append(_table(here))
        if missing := max((s.unseen for s in here), default=0):
            parts.append(
                page.paragraph(
                    f"Up to {missing:.0%} of rows are of classes the probe never saw.", True
                )
            )
    near = [s for s in scores if s.corruption == CLEAN and s.measure == "knn_accuracy"]
    if near:
        parts.append("<h3>Nearest neighbours (kNN accuracy)</h3>")
        for part in dict.fromkeys(s.split for s in near):
            parts.append(page.paragraph(_capital(PARTS.get(part, part)), soft=True))
            parts.append(_table([s for s in near if s.split == part]))
    intro = (
        "Linear probes on frozen features, fitted on training objects, regularisation chosen on "
        "validation objects, the same for every kind of features. Accuracy for classes, R² for "
        "scalars (0: no better than the mean; below -0.25 drawn at the edge). "
        "Stressed: the best that beats chance."
    )
    key = page.legend(plots.legend(features)) if linear else ""
    return page.section("What the features know", key, *parts, intro=intro) if parts else ""


def _table(scores: Sequence[Score]) -> str:
    features = _in_order(s.features for s in scores)
    rows, best = [], []
    for quantity in dict.fromkeys(s.quantity for s in scores):
        here = [s for s in scores if s.quantity == quantity]
        values = {f: [s.value for s in here if s.features == f] for f in features}
        means = [
            float(np.mean(values[f])) if values[f] and f != "shuffled" else -np.inf
            for f in features
        ]
        unit = {"r2": "R²", "accuracy": "accuracy", "knn_accuracy": "accuracy"}[here[0].measure]
        chance = float(np.mean([s.chance for s in here]))
        fitted, tested = here[0].fit_rows, here[0].test_rows
        cells = [_spread(values[f]) for f in features]
        rows.append([quantity, unit, *cells, f"{chance:.3f}", f"{fitted:,} / {tested:,}"])
        best.append(2 + int(np.argmax(means)) if max(means) > chance else None)
    head = ["quantity", "measure", *(plots.NAMES.get(f, f) for f in features)]
    return page.table([*head, "chance", "frames fit / scored"], rows, best)


def _robustness(scores: Sequence[Score]) -> str:
    part = "test" if any(s.split == "test" for s in scores) else "val"
    here = [
        s
        for s in scores
        if s.split == part and s.protocol == "transfer" and s.measure != "knn_accuracy"
    ]
    if not any(s.corruption != CLEAN for s in here):
        return ""
    drawings = []
    for measure, word in (("accuracy", "Classes"), ("r2", "Scalars")):
        # A quantity may have no corrupted figure: few frames can hold a single value of it.
        found = (s.quantity for s in here if s.measure == measure and s.corruption != CLEAN)
        quantities = list(dict.fromkeys(found))
        if quantities:
            drawings.append(f"<h3>{word}: {page.escape(', '.join(quantities))}</h3>")
            drawings.append(plots.robustness(here, measure, quantities))
    features = _in_order(s.features for s in here if s.corruption != CLEAN)
    intro = (
        "Probes stay as fitted on clean pictures; only the test pictures "
        f"({PARTS.get(part, part)}) change. "
        " Dotted: chance. Severities are our own and not those of ImageNet-C."
    )
    return page.section(
        "Under corruption", page.legend(plots.legend(features)), *drawings, intro=intro
    )


def _diagnoses(runs: Sequence[RunRecord]) -> str:
    items = []
    for run in runs:
        whose = f"seed {run.card.get('seed')}: " if len(runs) > 1 else ""
        for found in run.diagnoses:
            name = f"{whose}{found['name']} (step {found['step']})"
            items.append(
                f"<p><b>{page.escape(name)}</b>: {page.escape(str(found['evidence']))}. "
                f"{page.escape(str(found['remedy']))}.</p>"
            )
        if run.card.get("error"):
            items.append(page.paragraph(f"{whose}failed: {run.card['error']}"))
    content = "".join(items) or page.paragraph("No rule fired.", soft=True)
    return page.section("Diagnoses", content)


def _reproduce(runs: Sequence[RunRecord]) -> str:
    lines = []
    for run in runs:
        made = Path(str((run.config.get("data") or {}).get("path") or "")) / RUN_CARD
        if made.is_file():  # a babbling set is its own run directory
            command = str(load_run_card(made.parent).get("command", ""))
            lines += [command] if command not in lines else []
        lines.append(str(run.card.get("command", "")))
        if run.evaluation is not None:
            lines.append(str(run.evaluation_card.get("command", "")))
    lines.append("python -m nsca.report " + _run_argument(runs))
    return page.section("Reproduce", page.preformatted("\n".join(line for line in lines if line)))


def _run_argument(runs: Sequence[RunRecord]) -> str:
    paths = [_shown(run.path) for run in runs]
    return f"run={paths[0]}" if len(paths) == 1 else f"'run=[{','.join(paths)}]'"


def _shown(path: Path) -> str:
    """A run's path from its outputs folder on: where that folder lies is nobody's business."""
    parts = path.resolve().parts
    at = max((i for i, part in enumerate(parts) if part == "train"), default=1)
    return str(Path(*parts[max(at - 1, 1) :]))


def _cards(runs: Sequence[RunRecord]) -> str:
    parts = []
    for run in runs:
        card, judged = run.card, run.evaluation_card
        versions = " · ".join(f"{k} {v}" for k, v in (card.get("versions") or {}).items())
        hardware = card.get("hardware")
        if isinstance(hardware, Mapping):
            hardware = " · ".join(f"{k} {v}" for k, v in hardware.items())
        facts = page.facts(
            [
                ("run", _shown(run.path)),
                ("status", str(card.get("status", ""))),
                ("commit", str(card.get("commit", ""))),
                ("seed", str(card.get("seed", ""))),
                ("versions", versions),
                ("hardware", str(hardware or "")),
                ("seconds", f"{card.get('seconds', 0):.1f}"),
                ("peak memory", f"{card.get('peak_memory_mb', 0):,.0f} MB"),
                ("samples", f"{card.get('samples', 0):,}"),
                ("data fingerprint", str(card.get("data_fingerprint", ""))),
                ("configuration fingerprint", str(card.get("config_fingerprint", ""))),
                ("evaluation", _evaluation_name(run.evaluation)),
                ("evaluation took", f"{judged['seconds']:.1f} s" if "seconds" in judged else ""),
                ("weights sha256", str(judged.get("weights_sha256", ""))),
            ]
        )
        config = page.folded("configuration", page.preformatted(OmegaConf.to_yaml(run.config)))
        heading = f"<h3>Seed {page.escape(str(card.get('seed')))}</h3>" if len(runs) > 1 else ""
        parts.append(heading + facts + config)
    return page.section("Run card", *parts)


def _evaluation_name(evaluation: Path | None) -> str:
    return "" if evaluation is None else "/".join(evaluation.resolve().parts[-3:])
