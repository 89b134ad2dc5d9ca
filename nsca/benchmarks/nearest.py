"""Which held-out rows of other objects an encoder finds most alike, for people to look at."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Shaped

from nsca.benchmarks.scores import Encoder
from nsca.data.source import ProbeLabel
from nsca.errors import UserError
from nsca.probe_rows import labelled_rows

NEIGHBOURS = 5


@dataclass(frozen=True)
class Nearest:
    """Queries with their nearest rows (frames, sounds) of other objects.

    Attributes:
        label: name of the class that decides a match; empty where there is none.
        queries: the rows asked about.
        neighbours: the nearest rows, nearest first.
        matches: [query, neighbour] whether query and neighbour share the class.
        share: of matches over all chosen rows, not only the ones shown.
        chance: the share that random rows of other objects would give.
    """

    label: str
    queries: Shaped[np.ndarray, "query ..."]
    neighbours: Shaped[np.ndarray, "query neighbour ..."]
    matches: np.ndarray
    share: float
    chance: float


def nearest_rows(
    encode: Encoder,
    stored: Shaped[np.ndarray, "row ..."],
    labels: Mapping[str, ProbeLabel],
    clip: Int[np.ndarray, " row"],
    queries: int,
    most: int = 1000,
    seed: int = 0,
) -> Nearest:
    """Nearest rows (cosine of centred features) among at most `most` rows.

    A row's own object never counts as a neighbour, any other object at most once. Queries are
    spread over the classes.

    Args:
        encode: from rows to features.
        stored: frames or sounds of a held-out part.
        labels: of the rows; the first class decides matches.
        clip: what belongs together where no label says so.
        queries: how many.
        most: rows taken.
        seed: of the choice.

    Raises:
        UserError: fewer than two objects to choose from.
    """
    name = next((key for key, label in labels.items() if label.kind == "class"), "")
    rows = labelled_rows(labels) if labels else np.arange(len(stored))
    rows = np.random.default_rng([seed, len(stored)]).permutation(rows)[:most]
    chosen_rows = stored[rows]
    label = labels[name] if name else ProbeLabel(np.zeros(len(stored), int), "class", clip)
    group, values = label.group[rows], label.values[rows]
    if len(np.unique(group)) < 2:
        raise UserError("the held-out part shows one object", "use a larger data set")
    x = encode(chosen_rows)
    x = x - x.mean(0)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
    similarity = x @ x.T
    same_object = group[:, None] == group[None, :]
    similarity[same_object] = -np.inf
    nearest = _one_per_object(np.argsort(-similarity, axis=1), group)
    matches = values[nearest] == values[:, None]
    others = ~same_object
    same_class = (values[:, None] == values[None, :]) & others
    chosen = _spread(values, queries)
    return Nearest(
        label=name,
        queries=chosen_rows[chosen],
        neighbours=chosen_rows[nearest[chosen]],
        matches=matches[chosen],
        share=float(matches.mean()),
        chance=float(same_class.sum() / max(others.sum(), 1)),
    )


def _one_per_object(
    order: Int[np.ndarray, "frame rank"], group: np.ndarray
) -> Int[np.ndarray, "frame neighbour"]:
    """The first frames of each row's order that are of different objects, never the frame's own."""
    count = min(NEIGHBOURS, len(np.unique(group)) - 1)
    chosen = np.empty((len(order), count), dtype=np.int64)
    for row, candidates in enumerate(order):
        _, first = np.unique(group[candidates], return_index=True)
        others = [i for i in np.sort(first) if group[candidates[i]] != group[row]]
        chosen[row] = candidates[others[:count]]
    return chosen


def _spread(values: np.ndarray, count: int) -> Int[np.ndarray, " query"]:
    """Rows of as many different classes as possible, class after class, in their order."""
    by_class = [np.flatnonzero(values == value) for value in np.unique(values)]
    rounds = range(max(len(rows) for rows in by_class))
    order = [int(rows[i]) for i in rounds for rows in by_class if i < len(rows)]
    return np.array(order[:count], dtype=np.int64)
