"""What a report says of time: how slowly features change from a frame to the next."""

from collections.abc import Sequence

from nsca.benchmarks.scores import Score
from nsca.benchmarks.temporal_consistency import AUTOCORRELATION
from nsca.reporting import page, plots
from nsca.reporting.outcome_sections import spread
from nsca.reporting.score_sections import in_order


def belongs_here(score: Score) -> bool:
    """Whether this module shows the score."""
    return score.measure == AUTOCORRELATION


def consistency(scores: Sequence[Score]) -> str:
    """The figures, part by part; nothing where none was measured."""
    found = [score for score in scores if belongs_here(score)]
    features = in_order(score.features for score in found)
    rows = []
    for part in dict.fromkeys(score.split for score in found):
        here = [score for score in found if score.split == part]
        cells = [spread([s.value for s in here if s.features == name]) for name in features]
        rows.append([part, *cells, f"{here[0].test_rows:,}"])
    names = {**plots.NAMES, "shuffled": "shuffled frames"}
    head = ["held-out clips", *(names.get(name, name) for name in features), "frames"]
    intro = (
        "Autocorrelation of features over one frame, within clips: 1 where nothing changes, 0 "
        "(chance) where the next frame is no nearer than any other of its clip. Half of slow "
        "feature analysis' Delta, taken from 1 (Wiskott and Sejnowski 2002)."
    )
    table = page.table(head, rows, [None] * len(rows)) if rows else ""
    return page.section("Is what is near in time alike?", table, intro=intro)
