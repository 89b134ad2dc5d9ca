"""Rows of features as probes take them: which have a label, and which are held out together."""

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nsca.data.source import ProbeLabel


def rows_with_value(values: np.ndarray) -> np.ndarray:
    """Boolean [row]: where there is a value; NaN and infinity are none."""
    values = np.asarray(values)
    return np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)


def valued_rows(label: ProbeLabel) -> np.ndarray:
    """Boolean [row]: where a label has a value."""
    return rows_with_value(label.values)


def labelled_rows(labels: Mapping[str, ProbeLabel]) -> np.ndarray:
    """The numbers of the rows where at least one label has a value, in order."""
    return np.flatnonzero(np.any([valued_rows(label) for label in labels.values()], axis=0))


def group_split(group: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Boolean [row]: True for the rows of a seeded `share` of the groups (at least one, never all
    of them).

    Raises:
        ValueError: fewer than two groups.
    """
    names = np.unique(group)
    if len(names) < 2:
        raise ValueError("a split by group needs at least two groups")
    count = min(max(round(share * len(names)), 1), len(names) - 1)
    chosen = np.random.default_rng(seed).permutation(names)[:count]
    return np.isin(group, chosen)


def validation_parts(group: np.ndarray, share: float, seed: int) -> list[np.ndarray]:
    """Boolean [row] each: a seeded `share` of the groups once, or where that is a single group,
    each group in turn, because one of a few (speakers) says little of the others.

    Raises:
        ValueError: fewer than two groups.
    """
    names = np.unique(group)
    if len(names) > 1 and round(share * len(names)) <= 1:
        return [np.asarray(group == name) for name in names]
    return [group_split(group, share, seed)]


def as_matrix(features: np.ndarray) -> Float[Tensor, "row feature"]:
    """Features of any float type as float32.

    Raises:
        ValueError: not [row, feature].
    """
    array = np.asarray(features)
    if array.ndim != 2:
        raise ValueError(f"features must be [row, feature], got shape {array.shape}")
    return torch.as_tensor(np.ascontiguousarray(array, dtype=np.float32))
