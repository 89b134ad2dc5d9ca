"""What a fused state knows, beside its best single sense and beside leaving the fusion out.

Three questions on moments of held-out objects at which every sense of the data is there:

- *properties*: what is visible of the object, and (of babbling) hidden hardness, mass, elasticity;
- *next moment*: where the target will be, and how it will move, given what is done (where the hand
  will be is told by what is done);
- *retrieval*: does a picture find the sound of its moment, and a sound its picture?

Properties and next moment are read by linear probes (`quantity_probes`) from the trained state, the
same fusion untrained, the senses' features side by side without a fusion (`concatenated`), each
sense's features alone, the best of these (`best_sense`), and, as a ceiling for the next moment,
from the true physical state now.

With all senses the probes are fitted with all senses. With one of them missing, or one alone, other
probes answer, fitted on the same moments with senses dropped at random: the same ones for the state
and for the senses side by side, which have which senses are there beside them. So the two differ in
nothing but the representation. `best_sense` is then the best of the senses that are still there,
each read by probes of its own.

Where senses were recorded apart (custom folder, pairs by label) properties are read from moments
whose senses were put together, each with one partner drawn with the seed; retrieval searches what
was recorded: every picture once among every sound once, each of its class a hit.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.best_sense import best_sense
from nsca.benchmarks.encoders import untrained_encoder
from nsca.benchmarks.hidden_labels import hidden_labels
from nsca.benchmarks.moment_rows import (
    Columns,
    columns_in,
    dropping,
    features_of,
    parts_in,
    rows_of,
    with_lost_senses,
)
from nsca.benchmarks.quantity_probes import (
    Part,
    QuantityProbes,
    Report,
    check_at_least,
)
from nsca.benchmarks.retrieval import chance_at, hits_at, one_of_each
from nsca.benchmarks.scores import CLEAN, Score, flat_metrics
from nsca.data.babbling import Babbling
from nsca.data.babbling_moments import PHYSICAL
from nsca.data.moments import Moments, MomentSource
from nsca.data.source import ProbeLabel, Split
from nsca.errors import UserError
from nsca.models.fusion import Fusion
from nsca.models.sense_names import SENSES
from nsca.models.senses import Senses
from nsca.objectives.fused import FusesSenses
from nsca.probe_rows import labelled_rows

NEXT = "next_"  # begins the names of quantities of the next moment
RECALL = "recall"  # the measure of retrieval


class FusedState:
    """The benchmark with its budget.

    Args:
        fit_moments: at most so many training moments fit the probes, drawn with the seed.
        test_moments: at most so many moments of each held-out part are scored.
        hidden: properties that are asked for where the data knows them (babbling alone).
        gallery: at most so many moments, each of another clip, in which retrieval searches, and
            as many that ask.
        ranks: k of recall at k.
        drop: probability of each sense to be left out of the moments that fit the probes with
            senses lost, in [0, 1); that of training.

    Raises:
        UserError: a budget that is too small, or a probability out of bounds.
    """

    judges: ClassVar[frozenset[str]] = frozenset({"fusion", "full"})
    row: ClassVar[type] = Score

    def __init__(
        self,
        fit_moments: int,
        test_moments: int,
        hidden: Sequence[str],
        gallery: int,
        ranks: Sequence[int],
        drop: float,
    ) -> None:
        check_at_least("fit_moments", fit_moments, 2)
        check_at_least("test_moments", test_moments, 2)
        check_at_least("gallery", gallery, 2)
        for rank in ranks:
            check_at_least("ranks", rank, 1)
        if not 0 <= drop < 1:
            raise UserError(f"drop={drop} is no share of senses to lose", "drop: in [0, 1)")
        self.probes = QuantityProbes(fit_moments, test_moments, 0, corrupted_rows=test_moments)
        self.hidden = list(hidden)
        self.gallery = gallery
        self.ranks = list(ranks)
        self.drop = drop

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Score]]:
        """See `Benchmark`; the run's fusion beside its untrained twin above the same encoders.

        Raises:
            UserError: data without moments, or see `QuantityProbes.run`.
        """
        if run is None:
            raise ValueError("a run is needed")
        if not isinstance(run.source, MomentSource):
            raise UserError("the run's data has one sense alone", "give a run of phase=fusion")
        if not isinstance(run.phase, FusesSenses):
            raise TypeError(f"{type(run.phase).__name__} fuses no senses")
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
        columns = columns_in(moments["train"], senses)
        there = moments["train"].there()
        known = np.array([there[:, place].any() for place in range(len(SENSES))])
        parts = parts_in(senses.widths, known)

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
            return rows_of(found, senses, chosen), {
                name: ProbeLabel(label.values[chosen], label.kind, label.group[chosen])
                for name, label in labels.items()
            }

        scores = self.probes.run(
            features_of(fusions, columns, parts),
            part,
            source.held_out,
            source.name,
            seed,
            with_lost_senses(columns, parts),
            report,
            dropping(columns, self.drop, seed),
        )
        yield [*scores, *best_sense(scores, list(parts))]
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
        rows = [torch.from_numpy(rows_of(moments, senses, numbers)) for numbers in chosen]
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
