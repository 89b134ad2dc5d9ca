"""What a report says of several senses: does one find the other, and what is left without one?"""

from collections.abc import Sequence

import numpy as np

from nsca.benchmarks.best_sense import BEST
from nsca.benchmarks.fused_state import NEXT, RECALL
from nsca.benchmarks.moment_rows import ALONE, WITHOUT
from nsca.benchmarks.scores import CLEAN, Score
from nsca.reporting import page, plots, sense_plots
from nsca.reporting.outcome_sections import spread
from nsca.reporting.score_sections import PARTS, in_order

SHOWN = ("trained", "random", "concatenated", BEST)  # with senses lost


def belongs_here(score: Score) -> bool:
    """Whether this module shows the score: of retrieval, or with senses lost."""
    return score.measure == RECALL or _way(score) is not None


def retrieval(scores: Sequence[Score]) -> str:
    """Recall both ways, part by part, beside chance; nothing where nothing was searched."""
    found = [score for score in scores if score.measure == RECALL]
    features = in_order(score.features for score in found)
    parts = []
    for part in dict.fromkeys(score.split for score in found):
        rows = []
        for quantity in dict.fromkeys(s.quantity for s in found if s.split == part):
            here = [s for s in found if (s.split, s.quantity) == (part, quantity)]
            cells = [spread([s.value for s in here if s.features == name]) for name in features]
            chance = f"{np.mean([s.chance for s in here]):.3f}"
            rows.append([quantity.replace("_", " "), *cells, chance, f"{here[0].test_rows:,}"])
        parts.append(f"<h3>On {page.escape(PARTS.get(part, part))}</h3>")
        head = ["recall", *(plots.NAMES.get(name, name) for name in features), "chance", "queries"]
        parts.append(page.table(head, rows, [None] * len(rows)))
    intro = (
        "Recall at k: the share of queries of one sense with something that belongs to them among "
        "the k nearest of the other, by the cosine of the tokens that training makes agree."
    )
    return page.section("Do senses find each other?", *parts, intro=intro)


def lost_senses(scores: Sequence[Score]) -> str:
    """How much is still read when a sense is missing, or is alone; nothing without such scores."""
    part = "test" if any(score.split == "test" for score in scores) else "val"
    here = [s for s in scores if s.split == part and s.protocol == "transfer"]
    drawings = []
    for title, measure, later in (
        ("Properties, classes", "accuracy", False),
        ("Properties, scalars", "r2", False),
        ("Next moment", "r2", True),
    ):
        own = [s for s in here if s.measure == measure and s.quantity.startswith(NEXT) == later]
        means = {
            name: kept for name in SHOWN if (kept := _means([s for s in own if s.features == name]))
        }
        if means:
            unit = "mean accuracy" if measure == "accuracy" else "mean R² (below 0 counts as 0)"
            drawings.append(f"<div>{sense_plots.lost_senses(means, title, unit)}</div>")
    if not drawings:
        return ""
    intro = (
        f"The scored moments ({PARTS.get(part, part)}) lose senses. The probes that answer then "
        "were fitted on moments that lose some at random, the same ones for the state and for the "
        "senses side by side, which have the mean in place of what is lost, and beside it which "
        "senses are there. With all senses the probes were fitted with all. The best single sense "
        "is the best of those that are there, quantity by quantity, each by its own probe."
    )
    key = page.legend(plots.legend(SHOWN))
    row = f'<div class="row">{"".join(drawings)}</div>'
    return page.section("With senses lost", key, row, intro=intro)


def _way(score: Score) -> str | None:
    """What was left of the senses, in words; None where they are all there or otherwise changed."""
    name = score.corruption
    if name.startswith(WITHOUT):
        return f"without {name.removeprefix(WITHOUT)}"
    return f"{name.removesuffix(ALONE)} alone" if name.endswith(ALONE) else None


def _means(scores: Sequence[Score]) -> dict[str, float]:
    """By way, mean over quantities (and seeds) of those that were scored with senses lost."""
    lost = {s.quantity for s in scores if _way(s) is not None}
    found: dict[str, list[float]] = {}
    for score in (s for s in scores if s.quantity in lost):
        way = "all senses" if score.corruption == CLEAN else _way(score)
        if way is not None:
            found.setdefault(way, []).append(max(score.value, 0.0))
    return {way: float(np.mean(values)) for way, values in found.items()}
