"""What a fused state knows, beside its best single sense and beside leaving the fusion out.

Three questions on moments of held-out objects at which every sense of the data is there:

- *properties*: what is visible of the object, and (of babbling) hidden hardness, mass, elasticity;
- *next moment*: where the target will be, and how it will move, given what is done (where the hand
  will be is told by what is done);
- *retrieval*: does a picture find the sound of its moment, and a sound its picture?

Properties and next moment are read by linear probes (`quantity_probes`) from the trained state, the
same fusion untrained, the senses' features side by side without a fusion (`concatenated`), each
sense's features alone, and, as a ceiling for the next moment, from the true physical state now. The
probes are fitted with all senses and also scored with one of them missing, or with one alone.

Where senses were recorded apart (custom folder, pairs by label) properties are read from moments
whose senses were put together, each with one partner drawn with the seed; retrieval searches what
was recorded: every picture once among every sound once, each of its class a hit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.encoders import untrained_encoder
from nsca.benchmarks.hidden_labels import hidden_labels
from nsca.benchmarks.quantity_probes import (
    Corruption,
    Part,
    QuantityProbes,
    Report,
    check_at_least,
)
from nsca.benchmarks.retrieval import chance_at, hits_at, one_of_each
from nsca.benchmarks.scores import CLEAN, Encoder, Score, flat_metrics
from nsca.data.babbling import Babbling
from nsca.data.babbling_moments import PHYSICAL
from nsca.data.batch import ProbeLabel, Split
from nsca.data.moments import Moments, MomentSource
from nsca.data.packing import pack
from nsca.errors import UserError
from nsca.models.fusion import Fusion
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses
from nsca.phases.fusion.module import FusionPhase
from nsca.probe_rows import labelled_rows

NEXT = "next_"  # begins the names of quantities of the next moment
RECALL = "recall"  # the measure of retrieval
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


class FusedState:
    """The benchmark with its budget.

    Args:
        fit_moments: at most so many training moments fit the probes, drawn with the seed.
        test_moments: at most so many moments of each held-out part are scored.
        hidden: properties that are asked for where the data knows them (babbling alone).
        gallery: at most so many moments, each of another clip, in which retrieval searches, and
            as many that ask.
        ranks: k of recall at k.

    Raises:
        UserError: a budget that is too small.
    """

    judges: ClassVar[str | None] = "fusion"
    row: ClassVar[type] = Score

    def __init__(
        self,
        fit_moments: int,
        test_moments: int,
        hidden: Sequence[str],
        gallery: int,
        ranks: Sequence[int],
    ) -> None:
        check_at_least("fit_moments", fit_moments, 2)
        check_at_least("test_moments", test_moments, 2)
        check_at_least("gallery", gallery, 2)
        for rank in ranks:
            check_at_least("ranks", rank, 1)
        self.probes = QuantityProbes(fit_moments, test_moments, 0, corrupted_rows=test_moments)
        self.hidden = list(hidden)
        self.gallery = gallery
        self.ranks = list(ranks)

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Score]]:
        """See `Benchmark`; the run's fusion beside its untrained twin above the same encoders.

        Raises:
            UserError: data without moments, or see `QuantityProbes.run`.
        """
        if run is None:
            raise ValueError("a run is needed")
        if not isinstance(run.phase, FusionPhase) or not isinstance(run.source, MomentSource):
            raise UserError("the run's data has one sense alone", "give a run of phase=fusion")
        twin = untrained_encoder(run.config)
        fusions: dict[str, Fusion] = {"trained": run.phase.encoder, "random": twin}
        yield from self.run(run.phase.senses, fusions, run.source, seed)

    def metrics(self, rows: Sequence[Score]) -> Mapping[str, float]:
        """Flat names as of `flat_metrics`, after `properties/`, `next_moment/` or `retrieval/`."""
        kinds = {
            "retrieval": [row for row in rows if row.measure == RECALL],
            "next_moment": [row for row in rows if row.quantity.startswith(NEXT)],
        }
        special = {id(row) for kind in kinds.values() for row in kind}
        kinds["properties"] = [row for row in rows if id(row) not in special]
        return {
            f"{kind}/{name}": value
            for kind, own in kinds.items()
            for name, value in flat_metrics(own).items()
        }

    def run(
        self,
        senses: Senses,
        fusions: Mapping[str, Fusion],
        source: MomentSource,
        seed: int = 0,
        report: Report = print,
    ) -> Iterator[Sequence[Score]]:
        """Judge fusions on the same moments.

        Args:
            senses: encoders with fitted scales.
            fusions: by name; `trained` is also judged on shuffled labels.
            source: moments and labels.
            seed: of the choice of moments and the validation groups.
            report: see `QuantityProbes.run`.

        Raises:
            UserError: no label can be probed.
        """
        splits: list[Split] = ["train", *source.held_out]
        moments = {split: source.moments(split) for split in splits}
        columns = _columns(moments["train"], senses)
        there = moments["train"].there()
        known = np.array([there[:, place].any() for place in range(len(SENSES))])
        parts = _parts(senses.widths, known)

        def part(split: Split) -> Part:
            found = moments[split].completed(seed)
            labels = dict(source.moment_labels(split))
            if isinstance(source, Babbling):
                labels |= hidden_labels(source, split, labels, self.hidden)
            labels |= _next_labels(found, labels)
            whole = np.flatnonzero(found.there()[:, known].all(axis=1))
            asked = whole[np.isin(whole, labelled_rows(labels))]
            most = self.probes.fit_rows if split == "train" else self.probes.test_rows
            chosen = np.random.default_rng([seed, len(asked)]).permutation(asked)[:most]
            return _rows(found, senses, chosen), {
                name: ProbeLabel(label.values[chosen], label.kind, label.group[chosen])
                for name, label in labels.items()
            }

        yield self.probes.run(
            _encoders(fusions, columns, parts),
            part,
            source.held_out,
            source.name,
            seed,
            _missing(columns, parts),
            report,
        )
        for split in source.held_out:
            yield list(self._retrieval(moments[split], senses, fusions, columns, split, seed))

    def _retrieval(
        self,
        moments: Moments,
        senses: Senses,
        fusions: Mapping[str, Fusion],
        columns: Columns,
        split: Split,
        seed: int,
    ) -> Iterator[Score]:
        able = moments.there()[:, :2]
        if not moments.apart:
            able = np.repeat(able.all(axis=1, keepdims=True), 2, axis=1)
        chosen = [one_of_each(moments.clip, own, self.gallery, seed) for own in able.T]
        if min(map(len, chosen)) < 2:
            return
        rows = [torch.from_numpy(_rows(moments, senses, numbers)) for numbers in chosen]
        for name, fusion in fusions.items():
            with torch.no_grad():
                aligned = [
                    fusion(own[:, columns.packed], own[:, columns.mask] > 0)[1][:, sense].numpy()
                    for sense, own in enumerate(rows)
                ]
            for one, other in ((0, 1), (1, 0)):
                belongs = np.equal.outer(*(moments.belongs[chosen[n]] for n in (one, other)))
                for k in (rank for rank in self.ranks if rank < len(chosen[other])):
                    yield Score(
                        split=split,
                        protocol="transfer",
                        quantity=f"{SENSES[one]}_to_{SENSES[other]}_at_{k}",
                        features=name,
                        measure=RECALL,
                        corruption=CLEAN,
                        severity=0,
                        value=hits_at(aligned[one], aligned[other], belongs, k),
                        chance=chance_at(belongs, k),
                        fit_rows=0,
                        test_rows=len(chosen[one]),
                        unseen=0.0,
                    )


def _columns(moments: Moments, senses: Senses) -> Columns:
    widths = [0 if part is None else part.shape[1] for part in (moments.action, moments.physical)]
    return Columns.of(senses.width, *widths)


def _rows(
    moments: Moments, senses: Senses, numbers: Int[np.ndarray, " row"]
) -> Float[np.ndarray, "row column"]:
    """Packed and scaled senses, 0 (their mean) where missing, mask, action, physical state."""
    there = moments.there()[numbers]
    packed = senses.scaled(pack(moments, senses, numbers)).numpy()
    packed[~np.repeat(there, list(senses.widths.values()), axis=1)] = 0.0
    parts = [packed, there]
    parts += [part[numbers] for part in (moments.action, moments.physical) if part is not None]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _encoders(
    fusions: Mapping[str, Fusion], columns: Columns, parts: Mapping[str, slice]
) -> dict[str, Encoder]:
    """Features of judged rows by name; what is done stands beside all of them."""

    def state(fusion: Fusion, rows: np.ndarray) -> np.ndarray:
        seen = slice(columns.packed.start, columns.mask.stop)
        states: Tensor = fusion.embed_stored(torch.from_numpy(np.ascontiguousarray(rows[:, seen])))
        if not bool(torch.isfinite(states).all()):
            raise UserError(
                "states are not finite: the training diverged",
                "train again with a smaller learning rate",
            )
        return np.concatenate([states.numpy(), rows[:, columns.action]], axis=1)

    def columns_of(part: slice, rows: np.ndarray) -> np.ndarray:
        return np.concatenate([rows[:, part], rows[:, columns.action]], axis=1)

    found: dict[str, Encoder] = {name: partial(state, each) for name, each in fusions.items()}
    found["concatenated"] = partial(columns_of, columns.packed)
    for sense, part in parts.items():
        found[sense] = partial(columns_of, part)
    if columns.physical.stop > columns.physical.start:
        found["true_state"] = partial(columns_of, columns.physical)
    return found


def _parts(widths: Mapping[str, int], known: Bool[np.ndarray, " sense"]) -> dict[str, slice]:
    """Columns of each sense that the data has."""
    ends = np.cumsum([0, *widths.values()])
    senses = zip(widths, pairwise(ends.tolist()), known, strict=True)
    return {sense: slice(*bounds) for sense, bounds, has in senses if has}


def _missing(columns: Columns, parts: Mapping[str, slice]) -> list[Corruption]:
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


def _next_labels(moments: Moments, labels: Mapping[str, ProbeLabel]) -> dict[str, ProbeLabel]:
    """The physical state of the next moment of the clip; NaN at the last one."""
    if moments.physical is None:
        return {}
    later = np.where(moments.has_next()[:, None], np.roll(moments.physical, -1, axis=0), np.nan)
    group = next(iter(labels.values())).group if labels else moments.clip
    return {
        f"{NEXT}{name}": ProbeLabel(later[:, place], "scalar", group)
        for place, name in enumerate(PHYSICAL)
        if name.startswith("target")
    }
