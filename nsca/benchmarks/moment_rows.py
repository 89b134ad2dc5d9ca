"""A judged moment as one row: all senses, which of them to listen to, action and physical state.

So probes handle a fused state, a sense alone and a lost sense alike: each is a function of the row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nsca.benchmarks.quantity_probes import Corruption
from nsca.benchmarks.scores import Encoder
from nsca.data.moments import Moments
from nsca.data.packing import left_over, pack
from nsca.errors import UserError
from nsca.models.fusion import Fusion
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses

WITHOUT, ALONE = "without_", "_alone"  # begin and end the names of lost senses in the table


@dataclass(frozen=True)
class Columns:
    """Where the parts of a judged row are: packed senses, their mask, action, physical state."""

    packed: slice
    mask: slice
    action: slice
    physical: slice

    @classmethod
    def of(cls, width: int, action: int, physical: int) -> "Columns":
        """Parts of these widths, one after the other."""
        ends = np.cumsum([0, width, len(SENSES), action, physical])
        return cls(*(slice(a, b) for a, b in pairwise(ends.tolist())))


def columns_in(moments: Moments, senses: Senses) -> Columns:
    """Where the parts of the rows of these moments are."""
    widths = [0 if part is None else part.shape[1] for part in (moments.action, moments.physical)]
    return Columns.of(senses.width, *widths)


def rows_of(
    moments: Moments, senses: Senses, numbers: Int[np.ndarray, " row"]
) -> Float[np.ndarray, "row column"]:
    """Packed and scaled senses, 0 (their mean) where missing, mask, action, physical state."""
    there = moments.there()[numbers]
    packed = senses.scaled(pack(moments, senses, numbers)).numpy()
    packed[~np.repeat(there, list(senses.widths.values()), axis=1)] = 0.0
    parts = [packed, there]
    parts += [part[numbers] for part in (moments.action, moments.physical) if part is not None]
    return np.concatenate(parts, axis=1).astype(np.float32)


def features_of(
    fusions: Mapping[str, Fusion], columns: Columns, parts: Mapping[str, slice]
) -> dict[str, Encoder]:
    """Features of judged rows by name; what is done stands beside all of them.

    The state and `concatenated` know only the senses that a row's mask tells to listen to; the
    latter has 0, the mean, in the place of others, and the mask beside it, so that a linear map can
    tell missing from mean. A sense alone is taken whatever the mask says.

    A state that is not finite raises UserError when it is asked for.
    """

    def state(fusion: Fusion, rows: np.ndarray) -> np.ndarray:
        seen = slice(columns.packed.start, columns.mask.stop)
        states: Tensor = fusion.embed_stored(torch.from_numpy(np.ascontiguousarray(rows[:, seen])))
        if not bool(torch.isfinite(states).all()):
            raise UserError(
                "states are not finite: the training diverged",
                "train again with a smaller learning rate",
            )
        return np.concatenate([states.numpy(), rows[:, columns.action]], axis=1)

    def side_by_side(rows: np.ndarray) -> np.ndarray:
        packed, mask = rows[:, columns.packed].copy(), rows[:, columns.mask]
        for sense, part in parts.items():
            packed[:, part] *= mask[:, SENSES.index(sense), None]
        return np.concatenate([packed, mask, rows[:, columns.action]], axis=1)

    def columns_of(part: slice, rows: np.ndarray) -> np.ndarray:
        return np.concatenate([rows[:, part], rows[:, columns.action]], axis=1)

    found: dict[str, Encoder] = {name: partial(state, each) for name, each in fusions.items()}
    found["concatenated"] = side_by_side
    for sense, part in parts.items():
        found[sense] = partial(columns_of, part)
    if columns.physical.stop > columns.physical.start:
        found["true_state"] = partial(columns_of, columns.physical)
    return found


def parts_in(widths: Mapping[str, int], known: Bool[np.ndarray, " sense"]) -> dict[str, slice]:
    """Columns of each sense that the data has."""
    ends = np.cumsum([0, *widths.values()])
    senses = zip(widths, pairwise(ends.tolist()), known, strict=True)
    return {sense: slice(*bounds) for sense, bounds, has in senses if has}


def with_lost_senses(columns: Columns, parts: Mapping[str, slice]) -> list[Corruption]:
    """Each sense missing, and each alone where that is something else."""

    def without(senses: Sequence[str], rows: np.ndarray) -> np.ndarray:
        changed = rows.copy()
        for sense in senses:
            changed[:, parts[sense]] = 0.0
            changed[:, columns.mask.start + SENSES.index(sense)] = 0.0
        return changed

    ways = {f"{WITHOUT}{sense}": [sense] for sense in parts}
    if len(parts) > 2:
        ways |= {f"{sense}{ALONE}": [other for other in parts if other != sense] for sense in parts}
    return [Corruption(name, 1, partial(without, senses)) for name, senses in ways.items()]


def dropping(columns: Columns, drop: float, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    """Rows that are not told to listen to some senses, drawn as in training (`left_over`); what the
    senses say stays in the row.

    Args:
        columns: where the parts of a row are.
        drop: probability of each sense, in [0, 1).
        seed: of the draws.
    """

    def drop_senses(rows: np.ndarray) -> np.ndarray:
        changed = rows.copy()
        rng = np.random.default_rng([seed, len(rows)])
        changed[:, columns.mask] = left_over(rows[:, columns.mask] > 0, drop, rng)
        return changed

    return drop_senses


def left_in(name: str, senses: Sequence[str]) -> list[str]:
    """Which of these senses are there under a change of `with_lost_senses`; all under another."""
    if name.startswith(WITHOUT):
        return [sense for sense in senses if sense != name.removeprefix(WITHOUT)]
    return [name.removesuffix(ALONE)] if name.endswith(ALONE) else list(senses)
