"""Hidden properties as labels of rows whose visible labels are known; for evaluation alone."""

from collections.abc import Mapping, Sequence

import numpy as np

from nsca.data.babbling import Babbling
from nsca.data.privileged import hidden_properties
from nsca.data.source import ProbeLabel, Split


def hidden_labels(
    source: Babbling, split: Split, labels: Mapping[str, ProbeLabel], names: Sequence[str]
) -> dict[str, ProbeLabel]:
    """Hidden properties of the objects that other labels are of, where those have a value.

    Args:
        source: of the sounds.
        split: of them.
        labels: visible ones of the same sounds, all with the same rows.
        names: of the properties.

    Raises:
        KeyError: no such property.
    """
    known = hidden_properties(source.path, split)
    like = next(iter(labels.values()))
    heard = np.isfinite(like.values)
    found = {}
    for name in names:
        values = np.array([known[instance][name] for instance in like.group], np.float64)
        found[name] = ProbeLabel(np.where(heard, values, np.nan), "scalar", like.group)
    return found
