"""Cross-modal retrieval: does a row of one sense find what belongs to it among rows of another?"""

import math

import numpy as np
from jaxtyping import Bool, Float, Int


def hits_at(
    queries: Float[np.ndarray, "query feature"],
    gallery: Float[np.ndarray, "row feature"],
    belongs: Bool[np.ndarray, "query row"],
    k: int,
) -> float:
    """Recall at k: the share of queries with something that belongs to them among the k nearest
    rows by cosine.

    Queries to which nothing belongs count as missed; k is at most the number of rows.
    """
    similarity = _normal(queries) @ _normal(gallery).T
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    return float(np.take_along_axis(belongs, nearest, axis=1).any(axis=1).mean())


def chance_at(belongs: Bool[np.ndarray, "query row"], k: int) -> float:
    """Recall at k of k rows drawn at random: 1 - C(rows - positives, k) / C(rows, k), mean over
    queries.
    """
    rows = belongs.shape[1]
    k = min(k, rows)
    missed = [math.comb(rows - int(own), k) / math.comb(rows, k) for own in belongs.sum(axis=1)]
    return 1.0 - float(np.mean(missed))


def one_of_each(
    clip: Int[np.ndarray, " row"], able: Bool[np.ndarray, " row"], most: int, seed: int
) -> Int[np.ndarray, " chosen"]:
    """Return the last able row of each clip, of at most `most` clips drawn with the seed."""
    rows = np.flatnonzero(able)
    last = rows[np.append(np.diff(clip[rows]) != 0, True)] if len(rows) else rows
    order = np.random.default_rng([seed, len(last)]).permutation(len(last))[:most]
    return np.sort(last[order])


def _normal(rows: Float[np.ndarray, "row feature"]) -> Float[np.ndarray, "row feature"]:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
