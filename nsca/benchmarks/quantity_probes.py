"""What frozen features tell of labelled quantities: one protocol for whatever the rows are.

Linear probes (`nsca.probes`) are fitted on the training part and scored on held-out objects: `val`
(new instances) and, where a world made the rows, `test` (kinds never seen, set B). On `test` there
is a second protocol, `refit`: fitted on half of its objects and scored on the other half, both
ways, which asks whether the information is there even where the direction that carried it has
moved.

The same code, rows and tuning judge the trained encoder, the same architecture untrained, and
features that need no encoder; `shuffled` (trained features, labels permuted between rows) is the
control that must fall to chance.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nsca.benchmarks.scores import CLEAN, Encoder, Score
from nsca.data.source import ProbeLabel, Split
from nsca.errors import UserError
from nsca.knn import knn_accuracy
from nsca.probe_rows import group_split, labelled_rows, rows_with_value, valued_rows
from nsca.probe_target import ProbeScore, chance_accuracy
from nsca.probes import FittedProbes

Report = Callable[[str], None]
Labels = Mapping[str, ProbeLabel]
Part = tuple[np.ndarray, Labels]
"""Rows as an encoder takes them, and their labels."""


@dataclass(frozen=True)
class Corruption:
    """A change of the scored rows: its name and severity for the table, and what it does."""

    name: str
    severity: int
    change: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class QuantityProbes:
    """The protocol with its budget.

    Attributes:
        fit_rows: at most so many training rows fit the probes, drawn with the seed.
        test_rows: at most so many rows of each held-out part are scored.
        neighbours: of the kNN on class labels; 0 for no kNN.
        corrupted_rows: at most so many rows are scored under each corruption.
    """

    fit_rows: int
    test_rows: int
    neighbours: int
    corrupted_rows: int = 1

    def run(
        self,
        encoders: Mapping[str, Encoder],
        part: Callable[[Split], Part],
        splits: Sequence[Split],
        source: str,
        seed: int,
        corruptions: Sequence[Corruption] = (),
        report: Report = print,
        hardened: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> list[Score]:
        """Judge every encoder on the same rows.

        Args:
            encoders: by name; `trained` is also judged on shuffled labels.
            part: all rows and labels of a split.
            splits: held-out ones.
            source: name of the data, for messages.
            seed: of the choice of rows and the validation groups.
            corruptions: under which the scored rows are judged again.
            report: receives a line when the next features are begun, and for a part left out.
            hardened: what is done to the training rows for the probes that answer under
                corruption; None where the probes fitted on clean rows answer there, too.

        Returns:
            One score for each part, protocol, label, kind of features and corruption; labels that
            cannot be judged on a part are left out, and so are parts without any label.

        Raises:
            UserError: no label can be probed.
        """
        fit = _choose(part("train"), self.fit_rows, seed)
        if not fit[1]:
            raise UserError(
                f"{source} has no labels, so nothing can be probed",
                "sort its files into a folder for each class, or name them in labels.csv",
            )
        nothing_to_probe = UserError(
            f"{source} has no label that can be probed ({', '.join(fit[1])})",
            "at least two objects and two distinct values of a label are needed",
        )
        if not len(fit[0]):
            raise nothing_to_probe
        tests: dict[Split, Part] = {}
        for split in splits:
            chosen = _choose(part(split), self.test_rows, seed)
            if len(chosen[0]):
                tests[split] = chosen
            else:
                report(f"{split}: nothing has a label, not judged")
        scores: list[Score] = []
        for name, encode in encoders.items():
            report(f"probing {name} features")
            scores += self._judge(name, encode, fit, tests, corruptions, seed, hardened)
        if not scores:
            raise nothing_to_probe
        return scores

    def _judge(
        self,
        name: str,
        encode: Encoder,
        fit: Part,
        tests: Mapping[Split, Part],
        corruptions: Sequence[Corruption],
        seed: int,
        hardened: Callable[[np.ndarray], np.ndarray] | None,
    ) -> Iterator[Score]:
        rows, labels = fit
        fit_x = encode(rows)
        hardy = fitted = FittedProbes(fit_x, labels, seed)
        if hardened is not None and corruptions:
            hardy = FittedProbes(encode(hardened(rows)), labels, seed)
        shuffled = None
        if name == "trained":
            mixed = {key: _shuffled(label, seed) for key, label in labels.items()}
            shuffled = FittedProbes(fit_x, mixed, seed)
        for split, (test_rows, test_labels) in tests.items():
            test_x = encode(test_rows)
            yield from _scores(split, "transfer", name, fitted.score(test_x, test_labels))
            if shuffled is not None:
                answers = shuffled.score(test_x, test_labels)
                yield from _scores(split, "transfer", "shuffled", answers)
            if self.neighbours:
                yield from self._nearest(split, name, fit_x, labels, test_x, test_labels)
            if split == "test":
                yield from _refit(split, name, test_x, test_labels, seed)
            few = np.arange(len(test_rows))[: self.corrupted_rows]
            few_labels = {key: _rows_of(label, few) for key, label in test_labels.items()}
            for corruption in corruptions:
                answers = hardy.score(encode(corruption.change(test_rows[few])), few_labels)
                yield from _scores(split, "transfer", name, answers, corruption)

    def _nearest(
        self,
        split: str,
        name: str,
        fit_x: np.ndarray,
        fit_labels: Labels,
        test_x: np.ndarray,
        test_labels: Labels,
    ) -> Iterator[Score]:
        for quantity, label in fit_labels.items():
            if label.kind != "class" or quantity not in test_labels:
                continue
            truth = test_labels[quantity].values
            known, asked = label.values[valued_rows(label)], truth[rows_with_value(truth)]
            if not len(known) or not len(asked):
                continue
            value = knn_accuracy(fit_x, label.values, test_x, truth, self.neighbours)
            chance = chance_accuracy(known, asked)
            unseen = float((~np.isin(asked, np.unique(known))).mean())
            yield Score(
                split, "transfer", quantity, name, "knn_accuracy", CLEAN, 0,
                value, chance, len(known), len(asked), unseen,
            )  # fmt: skip


def check_at_least(name: str, number: int, least: int) -> None:
    """Raises UserError for a budget that is too small."""
    if number < least:
        raise UserError(f"{name}={number} is too few", f"{name}: {least} or more")


def _choose(part: Part, most: int, seed: int) -> Part:
    """At most `most` rows that have a label, in a seeded order."""
    stored, labels = part
    rows = labelled_rows(labels) if labels else np.arange(0)
    rows = np.random.default_rng([seed, len(stored)]).permutation(rows)[:most]
    return stored[rows], {name: _rows_of(label, rows) for name, label in labels.items()}


def _rows_of(label: ProbeLabel, rows: np.ndarray) -> ProbeLabel:
    return ProbeLabel(values=label.values[rows], kind=label.kind, group=label.group[rows])


def _shuffled(label: ProbeLabel, seed: int) -> ProbeLabel:
    """Rows get the value of a random other row, so values keep their distribution."""
    order = np.random.default_rng([seed, 1]).permutation(len(label.values))
    return ProbeLabel(values=label.values[order], kind=label.kind, group=label.group)


def _refit(split: str, name: str, x: np.ndarray, labels: Labels, seed: int) -> Iterator[Score]:
    """Fit on half of the objects and score on the others, both ways; figures are averaged."""
    by_group: dict[bytes, dict[str, ProbeLabel]] = defaultdict(dict)
    for quantity, label in labels.items():
        by_group[np.asarray(label.group, dtype=str).tobytes()][quantity] = label
    for together in by_group.values():
        group = next(iter(together.values())).group
        if len(np.unique(group)) < 4:
            continue
        second = group_split(group, 0.5, seed)
        halves = [
            FittedProbes(
                x[rows], {q: _rows_of(label, rows) for q, label in together.items()}, seed
            ).score(x[~rows], {q: _rows_of(label, ~rows) for q, label in together.items()})
            for rows in (~second, second)
        ]
        for quantity in together:
            if quantity not in halves[0] or quantity not in halves[1]:
                continue
            one, other = halves[0][quantity], halves[1][quantity]
            both = ProbeScore(
                value=(one.value + other.value) / 2,
                chance=(one.chance + other.chance) / 2,
                kind=one.kind,
                strength=one.strength,
                fit_rows=one.fit_rows,
                test_rows=one.test_rows + other.test_rows,
                unseen=(one.unseen + other.unseen) / 2,
            )
            yield from _scores(split, "refit", name, {quantity: both})


def _scores(
    split: str,
    protocol: str,
    features: str,
    answers: Mapping[str, ProbeScore],
    corruption: Corruption | None = None,
) -> Iterable[Score]:
    for quantity, answer in answers.items():
        yield Score(
            split=split,
            protocol=protocol,
            quantity=quantity,
            features=features,
            measure="accuracy" if answer.kind == "class" else "r2",
            corruption=CLEAN if corruption is None else corruption.name,
            severity=0 if corruption is None else corruption.severity,
            value=answer.value,
            chance=answer.chance,
            fit_rows=answer.fit_rows,
            test_rows=answer.test_rows,
            unseen=answer.unseen,
        )
