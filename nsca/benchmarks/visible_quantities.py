"""Can frozen features tell what is visible: shape, size, pose, visible material, colour?

Linear probes (`nsca.probes`) are fitted on the training part and scored on held-out objects: `val`
(new instances) and, where a world made the frames, `test` (kinds never seen, set B). On `test`
there is a second protocol, `refit`: fitted on half of its objects and scored on the other half,
both ways, which asks whether the information is there even where the direction that carried it has
moved. Image folders have `val` alone.

The same code, rows and tuning judge the trained encoder, the same architecture untrained, and raw
pixels; `shuffled` (trained features, labels permuted between frames) is the control that must fall
to chance. Under corruption the probes stay as fitted on clean pictures and only test pictures
change.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from nsca.benchmarks.benchmark import JudgedRun
from nsca.benchmarks.encoders import frame_source, frozen, untrained_encoder, vision_encoder
from nsca.benchmarks.scores import CLEAN, Encoder, Score, flat_metrics
from nsca.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from nsca.data.batch import Frames, FrameSource, ProbeLabel, Split
from nsca.errors import UserError
from nsca.knn import knn_accuracy
from nsca.probe_rows import group_split, labelled_rows, rows_with_value, valued_rows
from nsca.probe_target import ProbeScore, chance_accuracy
from nsca.probes import FittedProbes

Part = tuple[Frames, dict[str, ProbeLabel]]
Report = Callable[[str], None]


def pixels(images: np.ndarray) -> np.ndarray:
    """The baseline's features: every pixel value in 0..1."""
    return images.reshape(len(images), -1).astype(np.float32) / 255


class VisibleQuantities:
    """The benchmark with its budget.

    Args:
        fit_frames: at most so many training frames fit the probes, drawn with the seed.
        test_frames: at most so many frames of each held-out part are scored.
        corruptions: which corruptions, by name; an empty list for none.
        severities: which severities of each, 1..5.
        corrupted_frames: at most so many frames are scored under each of them.
        raw_pixels: whether raw pixels are judged beside the encoders.
        neighbours: of the kNN on class labels; 0 for no kNN.

    Raises:
        UserError: an unknown corruption or severity, or a budget that is too small.
    """

    judges: ClassVar[str | None] = "vision"
    row: ClassVar[type] = Score

    def __init__(
        self,
        fit_frames: int,
        test_frames: int,
        corruptions: Sequence[str],
        severities: Sequence[int],
        corrupted_frames: int,
        raw_pixels: bool,
        neighbours: int,
    ) -> None:
        for corruption in corruptions:
            if corruption not in CORRUPTIONS:
                raise UserError(
                    f"unknown corruption {corruption!r}", f"choose from {', '.join(CORRUPTIONS)}"
                )
        for severity in severities:
            if severity not in SEVERITIES:
                raise UserError(f"severity {severity} is not in 1..5", "severities: [1, 3, 5]")
        for name, number, least in (
            ("fit_frames", fit_frames, 2),
            ("test_frames", test_frames, 2),
            ("corrupted_frames", corrupted_frames, 1),
            ("neighbours", neighbours, 0),
        ):
            if number < least:
                raise UserError(f"{name}={number} is too few", f"{name}: {least} or more")
        self.fit_frames = fit_frames
        self.test_frames = test_frames
        self.conditions = [(c, s) for c in corruptions for s in severities]
        self.corrupted_frames = corrupted_frames
        self.raw_pixels = raw_pixels
        self.neighbours = neighbours

    def judge(self, run: JudgedRun | None, seed: int, folder: Path) -> Iterator[Sequence[Score]]:
        """See `Benchmark`; the run's encoder beside its untrained twin.

        Raises:
            UserError: a run without vision encoder, data without pictures, or see `run`.
        """
        if run is None:
            raise ValueError("a run is needed")
        trained = vision_encoder(run.phase, run.path)
        twin = untrained_encoder(run.config)
        encoders = {"trained": frozen(trained), "random": frozen(twin)}
        yield self.run(encoders, frame_source(run.source), seed)

    def metrics(self, rows: Sequence[Score]) -> Mapping[str, float]:
        """See `flat_metrics`."""
        return flat_metrics(rows)

    def run(
        self,
        encoders: Mapping[str, Encoder],
        source: FrameSource,
        seed: int = 0,
        report: Report = print,
    ) -> list[Score]:
        """Judge every encoder, and raw pixels if asked for, on the same frames of the source.

        Args:
            encoders: by name; `trained` is also judged on shuffled labels.
            source: frames and labels; with time (a world made it) it has the part `test` too.
            seed: of the choice of frames, the validation groups and the corruptions.
            report: receives a line when the next features are begun, and for a part left out.

        Returns:
            One score for each part, protocol, label, kind of features and corruption; labels that
            cannot be judged on a part are left out, and so are parts without any label.

        Raises:
            UserError: the source has no label that can be probed.
        """
        fit = _choose(source, "train", self.fit_frames, seed)
        nothing_to_probe = UserError(
            f"{source.name} has no label that can be probed ({', '.join(fit[1]) or 'none'})",
            "at least two objects and two distinct values of a label are needed",
        )
        if not len(fit[0]):
            raise nothing_to_probe
        splits: list[Split] = ["val", "test"] if source.has_time else ["val"]
        tests: dict[Split, Part] = {}
        for split in splits:
            part = _choose(source, split, self.test_frames, seed)
            if len(part[0]):
                tests[split] = part
            else:
                report(f"{split}: no frame has a label, not judged")
        judged = dict(encoders) | ({"pixels": pixels} if self.raw_pixels else {})
        scores: list[Score] = []
        for name, encode in judged.items():
            report(f"probing {name} features")
            scores += self._judge(name, encode, fit, tests, seed)
        if not scores:
            raise nothing_to_probe
        return scores

    def _judge(
        self, name: str, encode: Encoder, fit: Part, tests: Mapping[Split, Part], seed: int
    ) -> Iterable[Score]:
        frames, labels = fit
        fit_x = encode(frames.images)
        fitted = FittedProbes(fit_x, labels, seed)
        shuffled = None
        if name == "trained":
            mixed = {key: _shuffled(label, seed) for key, label in labels.items()}
            shuffled = FittedProbes(fit_x, mixed, seed)
        for split, (test_frames, test_labels) in tests.items():
            test_x = encode(test_frames.images)
            yield from _rows(split, "transfer", name, fitted.score(test_x, test_labels))
            if shuffled is not None:
                answers = shuffled.score(test_x, test_labels)
                yield from _rows(split, "transfer", "shuffled", answers)
            if self.neighbours:
                yield from self._nearest(split, name, fit_x, labels, test_x, test_labels)
            if split == "test":
                yield from _refit(split, name, test_x, test_labels, seed)
            few = np.arange(len(test_frames))[: self.corrupted_frames]
            few_labels = {key: _rows_of(label, few) for key, label in test_labels.items()}
            for corruption, severity in self.conditions:
                changed = corrupt(test_frames.images[few], corruption, severity, seed)
                answers = fitted.score(encode(changed), few_labels)
                yield from _rows(split, "transfer", name, answers, corruption, severity)

    def _nearest(
        self,
        split: str,
        name: str,
        fit_x: np.ndarray,
        fit_labels: Mapping[str, ProbeLabel],
        test_x: np.ndarray,
        test_labels: Mapping[str, ProbeLabel],
    ) -> Iterable[Score]:
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


def _choose(source: FrameSource, split: Split, most: int, seed: int) -> Part:
    """At most `most` frames of a split that have a label, in a seeded order."""
    frames, labels = source.frames(split), source.probe_labels(split)
    rows = labelled_rows(labels) if labels else np.arange(len(frames))
    rows = np.random.default_rng([seed, len(frames)]).permutation(rows)[:most]
    chosen = Frames(images=frames.images[rows], clip=frames.clip[rows])
    return chosen, {name: _rows_of(label, rows) for name, label in labels.items()}


def _rows_of(label: ProbeLabel, rows: np.ndarray) -> ProbeLabel:
    return ProbeLabel(values=label.values[rows], kind=label.kind, group=label.group[rows])


def _shuffled(label: ProbeLabel, seed: int) -> ProbeLabel:
    """Rows get the value of a random other row, so values keep their distribution."""
    order = np.random.default_rng([seed, 1]).permutation(len(label.values))
    return ProbeLabel(values=label.values[order], kind=label.kind, group=label.group)


def _refit(
    split: str, name: str, x: np.ndarray, labels: Mapping[str, ProbeLabel], seed: int
) -> Iterable[Score]:
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
            yield from _rows(split, "refit", name, {quantity: both})


def _rows(
    split: str,
    protocol: str,
    features: str,
    answers: Mapping[str, ProbeScore],
    corruption: str = CLEAN,
    severity: int = 0,
) -> Iterable[Score]:
    for quantity, answer in answers.items():
        yield Score(
            split=split,
            protocol=protocol,
            quantity=quantity,
            features=features,
            measure="accuracy" if answer.kind == "class" else "r2",
            corruption=corruption,
            severity=severity,
            value=answer.value,
            chance=answer.chance,
            fit_rows=answer.fit_rows,
            test_rows=answer.test_rows,
            unseen=answer.unseen,
        )
