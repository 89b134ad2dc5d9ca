"""The best single sense among those that are there: what fusing has to beat.

It is picked quantity by quantity by the figure itself, so it is an upper bound: who had to pick
beforehand would reach it at most.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nsca.benchmarks.moment_rows import left_in
from nsca.benchmarks.scores import Score

BEST = "best_sense"


def best_sense(scores: Sequence[Score], senses: Sequence[str]) -> Iterator[Score]:
    """For each part, protocol, quantity and way of losing senses the highest score of a sense's own
    features, among the senses that are still there.

    Args:
        scores: of all kinds of features; those of a sense are named after it.
        senses: that the data has.
    """
    found: dict[tuple[str, str, str, str], list[Score]] = defaultdict(list)
    for score in scores:
        if score.features in left_in(score.corruption, senses):
            key = score.split, score.protocol, score.quantity, score.corruption
            found[key].append(score)
    for own in found.values():
        yield replace(max(own, key=lambda score: score.value), features=BEST)
