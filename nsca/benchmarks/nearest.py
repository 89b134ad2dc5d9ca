"""Which held-out frames of other objects an encoder finds most alike, for people to look at."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from nsca.benchmarks.scores import Encoder
from nsca.data.batch import FrameSource, ProbeLabel, Split
from nsca.errors import UserError
from nsca.probe_rows import labelled_rows

NEIGHBOURS = 5


@dataclass(frozen=True)
class NearestPictures:
    """Queries with their nearest frames of other objects.

    Attributes:
        label: name of the class that decides a match; empty where the source has none.
        queries: the pictures asked about.
        neighbours: the nearest frames, nearest first.
        matches: [query, neighbour] whether query and neighbour share the class.
        share: of matches over all chosen frames, not only the ones shown.
        chance: the share that random frames of other objects would give.
    """

    label: str
    queries: UInt8[np.ndarray, "query height width 3"]
    neighbours: UInt8[np.ndarray, "query neighbour height width 3"]
    matches: np.ndarray
    share: float
    chance: float


def nearest_pictures(
    encode: Encoder,
    source: FrameSource,
    split: Split,
    queries: int,
    most: int = 1000,
    seed: int = 0,
) -> NearestPictures:
    """Nearest frames (cosine of centred features) among at most `most` frames of a split.

    A frame's own object never counts as a neighbour, any other object at most once. Queries are
    spread over the classes.

    Raises:
        UserError: fewer than two objects to choose from.
    """
    frames = source.frames(split)
    labels = source.probe_labels(split)
    name = next((key for key, label in labels.items() if label.kind == "class"), "")
    rows = labelled_rows(labels) if labels else np.arange(len(frames))
    rows = np.random.default_rng([seed, len(frames)]).permutation(rows)[:most]
    images = frames.images[rows]
    label = labels[name] if name else ProbeLabel(np.zeros(len(frames), int), "class", frames.clip)
    group, values = label.group[rows], label.values[rows]
    if len(np.unique(group)) < 2:
        raise UserError(f"the {split} part shows one object", "use a larger data set")
    x = encode(images)
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
    return NearestPictures(
        label=name,
        queries=images[chosen],
        neighbours=images[nearest[chosen]],
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
