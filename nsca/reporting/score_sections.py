"""What a report says of scores: the verdict, the tables, the fall under corruption."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from nsca.assembly import phase_name
from nsca.benchmarks.fused_state import NEXT
from nsca.benchmarks.scores import CLEAN, Score
from nsca.evaluation import benchmarks_for
from nsca.reporting import forecast_sections, outcome_sections, page, plots, retention_sections
from nsca.reporting.outcome_sections import spread
from nsca.reporting.run_record import RunRecord
from nsca.reporting.run_sections import shown_path
from nsca.reporting.skipping import skipping
from nsca.statistics import paired_difference

PARTS = {
    "val": "held-out objects",
    "test": "kinds never seen (set B)",
    "test_refit": "kinds never seen, probe fitted on other objects of them",
}

SKIPPED = (*plots.REFERENCES, "best_sense")
"""What there is without a phase: its untrained twin, what needs no encoder, and of a fusion its
senses side by side and the best of them.
"""

NO_RIVALS = ("shuffled", "true_state")
"""A control and a ceiling: never the best of a row."""


def verdict(grouped: Mapping[str, Sequence[RunRecord]]) -> str:
    """The mean figure of each condition beside its own references and chance, in sentences."""
    lines = []
    for name, runs in grouped.items():
        whose = f"{page.escape(name)}: " if len(grouped) > 1 else ""
        judged = {run.card.get("seed"): run.scores for run in runs if run.scores}
        acted = [outcome for run in runs for outcome in run.outcomes]
        foretold = [forecast for run in runs for forecast in run.forecasts]
        retained = [run.retained for run in runs if run.retained]
        if judged or acted or foretold or retained:
            said = _sentences(judged) if judged else []
            said += outcome_sections.sentences(acted) + retention_sections.sentences(retained)
            said += forecast_sections.sentences(foretold)
            lines += [f"<p>{whose + each if whose else _capital(each)}</p>" for each in said]
        else:
            command = f"python -m nsca.evaluate run={shown_path(runs[0].path)}"
            phase = phase_name(runs[0].config) if "phase" in runs[0].config else ""
            choices = [f" benchmark={fitting}" for fitting in benchmarks_for(phase)] or [""]
            commands = (f"<code>{page.escape(command + choice)}</code>" for choice in choices)
            text = f"not judged yet: {' or '.join(commands)}"
            lines.append(f"<p>{whose + text if whose else _capital(text)}</p>")
    anything = any(
        run.scores or run.outcomes or run.forecasts or run.retained
        for runs in grouped.values()
        for run in runs
    )
    if (
        anything
        and max(len({run.card.get("seed") for run in runs}) for runs in grouped.values()) < 2
    ):
        lines.append(
            '<p class="soft">One seed: the spread over seeds is unknown, so small differences mean '
            "nothing.</p>"
        )
    return f'<div class="verdict">{"".join(lines)}</div>'


def _sentences(judged: Mapping[Any, Sequence[Score]]) -> list[str]:
    """One a measure, for the scores of one condition by seed."""
    everything = [score for scores in judged.values() for score in scores]
    part = "test" if any(_part(score) == "test" for score in everything) else "val"
    sentences = []
    for (measure, word), later in product((("accuracy", "accuracy"), ("r2", "R²")), (False, True)):
        asked = _Asked(part, measure, later)
        ours = asked.means(judged, "trained")
        if not ours:
            continue
        compared = []
        for reference in plots.REFERENCES:
            # The twin of a seed is compared with what became of it.
            theirs = asked.means(judged, reference)
            if theirs.keys() & ours.keys():
                said = spread(list(theirs.values()))
                compared.append(f"{plots.NAMES[reference]} {said} ({_gain(ours, theirs)})")
        chance = float(np.mean([score.chance for score in everything if asked.by(score)]))
        compared.append(f"chance {chance:.3f}")
        sentence = (
            f"mean {word} of linear probes {'of the next moment ' if later else ''}on "
            f"{PARTS.get(part, part)}: <b>{spread(list(ours.values()))}</b>; {', '.join(compared)}"
        )
        without = {plots.NAMES[name]: asked.means(judged, name) for name in SKIPPED}
        if any(without.values()):  # a twin below chance is no rival
            without["chance"] = dict.fromkeys(ours, chance)
        sentences.append("; ".join(filter(None, [sentence, skipping(ours, without)])) + ".")
    return sentences


@dataclass(frozen=True)
class _Asked:
    """Which scores make a sentence: of a part, by a measure, of the next moment or this one."""

    part: str
    measure: str
    later: bool

    def by(self, score: Score) -> bool:
        """Whether a score is one of them."""
        own = (_part(score), score.measure, score.quantity.startswith(NEXT), score.corruption)
        return own == (self.part, self.measure, self.later, CLEAN)

    def means(self, judged: Mapping[Any, Sequence[Score]], features: str) -> dict[Any, float]:
        """Mean over quantities by seed, an R2 below 0 counted as 0."""
        means = {}
        for seed, scores in judged.items():
            values = [
                score.value if self.measure == "accuracy" else max(score.value, 0.0)
                for score in scores
                if score.features == features and self.by(score)
            ]
            if values:
                means[seed] = float(np.mean(values))
        return means


def _part(score: Score) -> str:
    return score.name.partition("/")[0]


def _gain(ours: Mapping[Any, float], theirs: Mapping[Any, float]) -> str:
    """Ours minus theirs over the seeds of both; with several of them judged by the t interval, else
    by its sign.
    """
    seeds = [seed for seed in ours if seed in theirs]
    paired = paired_difference([ours[s] for s in seeds], [theirs[s] for s in seeds])
    if paired.pairs > 1:
        kind = {"better": "good", "worse": "bad"}.get(paired.verdict, "soft")
        text = f"{paired.mean:+.3f}, 95 % from {paired.low:+.3f} to {paired.high:+.3f}"
        return f'<span class="{kind}">{text}</span>'
    kind = "soft" if abs(paired.mean) < 0.0005 else "good" if paired.mean > 0 else "bad"
    return f'<span class="{kind}">{paired.mean:+.3f}</span>'


def evaluation(scores: Sequence[Score], remark: str = "") -> str:
    """Every quantity on clean pictures: dots and tables, part by part; `remark` ends the intro."""
    linear = [s for s in scores if s.corruption == CLEAN and s.measure != "knn_accuracy"]
    parts = []
    features = in_order(s.features for s in linear)
    for part in dict.fromkeys(_part(s) for s in linear):
        here = [s for s in linear if _part(s) == part]
        parts.append(f"<h3>{page.escape(_capital(PARTS.get(part, part)))}</h3>")
        if part != "test_refit":
            drawings = [
                f"<div>{plots.quantity_dots(here, title, measure)}</div>"
                for measure, title in (("accuracy", "classes"), ("r2", "scalars"))
                if any(s.measure == measure for s in here)
            ]
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
        f"Stressed: the best that beats chance.{remark}"
    )
    key = page.legend(plots.legend(features)) if linear else ""
    return page.section("What the features know", key, *parts, intro=intro) if parts else ""


def _table(scores: Sequence[Score]) -> str:
    features = in_order(s.features for s in scores)
    rows, best = [], []
    for quantity in dict.fromkeys(s.quantity for s in scores):
        here = [s for s in scores if s.quantity == quantity]
        values = {f: [s.value for s in here if s.features == f] for f in features}
        means = [
            float(np.mean(values[f])) if values[f] and f not in NO_RIVALS else -np.inf
            for f in features
        ]
        unit = {"r2": "R²", "accuracy": "accuracy", "knn_accuracy": "accuracy"}[here[0].measure]
        chance = float(np.mean([s.chance for s in here]))
        fitted, tested = here[0].fit_rows, here[0].test_rows
        cells = [spread(values[f]) for f in features]
        rows.append([quantity, unit, *cells, f"{chance:.3f}", f"{fitted:,} / {tested:,}"])
        best.append(2 + int(np.argmax(means)) if max(means) > chance else None)
    head = ["quantity", "measure", *(plots.NAMES.get(f, f) for f in features)]
    return page.table([*head, "chance", "fit / scored"], rows, best)


def robustness(scores: Sequence[Score], remark: str = "") -> str:
    """How the figures fall as pictures get worse; `remark` ends the intro."""
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
    features = in_order(s.features for s in here if s.corruption != CLEAN)
    intro = (
        "Probes stay as fitted on clean pictures; only the test pictures "
        f"({PARTS.get(part, part)}) change. "
        f"Dotted: chance. Severities are our own and not those of ImageNet-C.{remark}"
    )
    return page.section(
        "Under corruption", page.legend(plots.legend(features)), *drawings, intro=intro
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def in_order(features: Iterable[str]) -> list[str]:
    """Ours first, then what it is compared with, the control last."""
    found = list(dict.fromkeys(features))
    last = [name for name in (*plots.REFERENCES, "shuffled") if name in found]
    return [name for name in found if name not in last] + last
