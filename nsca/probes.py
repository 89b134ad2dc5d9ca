"""Probes of frozen features: what can be read out of them with a linear map or by neighbours.

Features are standardised on the part they are fitted on. The ridge strength is chosen on a
validation part that shares no group (object) with the rest, then the probe is refitted on
everything that may be fitted, and scored once on the test part. Raw pixels go through exactly the
same code, so baselines get the same tuning budget. Linear evaluation in this form follows common
practice for self-supervised encoders; kNN follows Wu et al. 2018 (cosine similarity, votes weighted
by exp(similarity / 0.07)).

Unsure: classes are read by least squares on one-hot targets, not by logistic regression. It is
deterministic, has one knob and is fast; it can lie a few points below logistic regression when
classes are very unequal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from nsca.data.batch import ProbeLabel
from nsca.ridge import Ridge

STRENGTHS = tuple(float(s) for s in np.logspace(-5, 2, 15))
"""Ridge strengths tried, as multiples of the mean non-zero eigenvalue of the standardised features'
covariance.
"""

VALIDATION_SHARE = 0.25


@dataclass(frozen=True)
class ProbeScore:
    """What a probe reached on its test part.

    `value` is accuracy in [0, 1] (kind "class") or R2 in (-inf, 1] (kind "scalar", may be negative:
    worse than the test mean). `chance` is what knowing nothing reaches (`chance_accuracy`), 0.0 for
    R2. `strength` is the ridge strength chosen. `unseen` is
    the share of test rows whose class the fit part lacks; they count as wrong.
    """

    value: float
    chance: float
    kind: Literal["class", "scalar"]
    strength: float
    fit_rows: int
    test_rows: int
    unseen: float = 0.0


def ridge_class_probe(
    fit_features: np.ndarray,
    fit: ProbeLabel,
    test_features: np.ndarray,
    test: ProbeLabel,
    seed: int = 0,
) -> ProbeScore:
    """Accuracy of a linear class probe.

    Args:
        fit_features: [fit row, feature], any float type.
        fit: class labels of those rows with their groups.
        test_features: [test row, feature].
        test: class labels of the test rows.
        seed: which groups form the validation part.

    Raises:
        ValueError: labels of the wrong kind, lengths that differ, fewer than two groups or classes
        to fit.
    """
    return _one_probe("class", fit_features, fit, test_features, test, seed)


def ridge_scalar_probe(
    fit_features: np.ndarray,
    fit: ProbeLabel,
    test_features: np.ndarray,
    test: ProbeLabel,
    seed: int = 0,
) -> ProbeScore:
    """R2 of a linear probe of a scalar; rows where the label is NaN are left out. Arguments as
    `ridge_class_probe`.
    """
    return _one_probe("scalar", fit_features, fit, test_features, test, seed)


def probe_all(
    fit_features: np.ndarray,
    fit_labels: Mapping[str, ProbeLabel],
    test_features: np.ndarray,
    test_labels: Mapping[str, ProbeLabel],
    seed: int = 0,
) -> dict[str, ProbeScore]:
    """`FittedProbes(...).score(...)` in one call, for one test part."""
    return FittedProbes(fit_features, fit_labels, seed).score(test_features, test_labels)


class FittedProbes:
    """Linear probes of every label, fitted once and scored on as many test parts as wanted.

    Labels over the same rows share the matrix work. A label that cannot be judged (fewer than two
    groups or distinct values to fit, no test row) is left out; `why_unjudged` gives the reason.

    Args:
        features: [row, feature], any float type.
        labels: class or scalar labels of those rows with their groups.
        seed: which groups form the validation part.

    Raises:
        ValueError: features and labels of different lengths.
    """

    def __init__(
        self, features: np.ndarray, labels: Mapping[str, ProbeLabel], seed: int = 0
    ) -> None:
        x = _as_matrix(features)
        by_rows: dict[bytes, list[str]] = {}
        for name, label in labels.items():
            _check_lengths(name, label, len(x))
            if _why_not_fitted(label) is None:
                key = _usable(label).tobytes() + np.asarray(label.group, dtype=str).tobytes()
                by_rows.setdefault(key, []).append(name)
        self._fitted: dict[str, _Fitted] = {}
        for names in by_rows.values():
            self._fitted |= _fit_together(names, x, labels, seed)
        self._order = [name for name in labels if name in self._fitted]

    def score(
        self, features: np.ndarray, labels: Mapping[str, ProbeLabel]
    ) -> dict[str, ProbeScore]:
        """Score every label that was fitted and that the test part has, in the order of fitting.

        Raises:
            ValueError: other lengths or label kinds than were fitted.
        """
        x = _as_matrix(features)
        scores = {}
        for name in self._order:
            if name not in labels:
                continue
            test, fitted = labels[name], self._fitted[name]
            _check_lengths(name, test, len(x))
            if test.kind != fitted.target.kind:
                raise ValueError(f"label {name!r} is {test.kind}, fitted was {fitted.target.kind}")
            if _why_not_scored(test) is None:
                answer = fitted.answer(x).numpy()
                scores[name] = fitted.target.score(answer, test, fitted.strength)
        return scores


def why_unjudged(fit: ProbeLabel, test: ProbeLabel) -> str | None:
    """Why this label cannot be probed, or None when it can."""
    return _why_not_fitted(fit) or _why_not_scored(test)


def _why_not_fitted(label: ProbeLabel) -> str | None:
    rows = _usable(label)
    if not rows.any():
        return "no row with a value to fit"
    if len(np.unique(np.asarray(label.group)[rows])) < 2:
        return "fewer than two groups (objects) to fit"
    if len(np.unique(np.asarray(label.values)[rows])) < 2:
        return "only one distinct value to fit"
    return None


def _why_not_scored(label: ProbeLabel) -> str | None:
    rows = _usable(label)
    if not rows.any():
        return "no row with a value in the test part"
    if label.kind == "scalar" and np.ptp(np.asarray(label.values, dtype=np.float64)[rows]) == 0:
        return "only one distinct value in the test part"
    return None


def _check_lengths(name: str, label: ProbeLabel, rows: int) -> None:
    if len(label.values) != rows or len(label.group) != rows:
        raise ValueError(f"label {name!r} has {len(label.values)} values for {rows} feature rows")


def group_split(group: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Boolean [row]: True for the rows of a seeded `share` of the groups (at least one, never all
    of them).
    """
    names = np.unique(group)
    if len(names) < 2:
        raise ValueError("a split by group needs at least two groups")
    count = min(max(round(share * len(names)), 1), len(names) - 1)
    chosen = np.random.default_rng(seed).permutation(names)[:count]
    return np.isin(group, chosen)


def chance_accuracy(fit_values: np.ndarray, test_values: np.ndarray) -> float:
    """What knowing nothing reaches: the better of guessing evenly and of always answering the
    commonest class of the fit part, on these test rows.
    """
    classes, counts = np.unique(fit_values, return_counts=True)
    commonest = float((np.asarray(test_values) == classes[counts.argmax()]).mean())
    evenly = float(np.isin(test_values, classes).mean()) / len(classes)
    return max(commonest, evenly)


def knn_accuracy(
    fit_features: np.ndarray,
    fit_values: np.ndarray,
    test_features: np.ndarray,
    test_values: np.ndarray,
    neighbours: int = 20,
    temperature: float = 0.07,
) -> float:
    """Share of test rows whose class wins the weighted vote of its nearest fit rows (cosine
    similarity).

    Args:
        fit_features, test_features: [row, feature]; centred here on the fit part's mean.
        fit_values, test_values: [row] class labels; rows where they are NaN are left out.

    Raises:
        ValueError: nothing to fit or to test, or lengths that differ.
    """
    fit_x, test_x = _as_matrix(fit_features), _as_matrix(test_features)
    if len(fit_x) != len(fit_values) or len(test_x) != len(test_values):
        raise ValueError("features and labels differ in length")
    fit_rows, test_rows = usable_rows(fit_values), usable_rows(test_values)
    fit_x, fit_values = fit_x[torch.as_tensor(fit_rows)], np.asarray(fit_values)[fit_rows]
    test_x, test_values = test_x[torch.as_tensor(test_rows)], np.asarray(test_values)[test_rows]
    if not len(fit_x) or not len(test_x):
        raise ValueError("kNN needs at least one row to fit and one to test")
    classes, targets = np.unique(fit_values, return_inverse=True)
    mean = fit_x.mean(0)
    fit_x = torch.nn.functional.normalize(fit_x - mean, dim=1)
    test_x = torch.nn.functional.normalize(test_x - mean, dim=1)
    one_hot = torch.nn.functional.one_hot(torch.as_tensor(targets), len(classes)).float()
    winners = []
    for chunk in test_x.split(1024):
        similarity, index = (chunk @ fit_x.T).topk(min(neighbours, len(fit_x)), dim=1)
        votes = one_hot[index] * (similarity / temperature).exp().unsqueeze(-1)
        winners.append(votes.sum(1).argmax(1))
    return float((classes[torch.cat(winners).numpy()] == np.asarray(test_values)).mean())


def _one_probe(
    kind: str,
    fit_features: np.ndarray,
    fit: ProbeLabel,
    test_features: np.ndarray,
    test: ProbeLabel,
    seed: int,
) -> ProbeScore:
    if fit.kind != kind:
        raise ValueError(f"a {kind} probe was given a {fit.kind} label")
    scores = probe_all(fit_features, {"label": fit}, test_features, {"label": test}, seed)
    if "label" not in scores:
        raise ValueError(f"cannot probe: {why_unjudged(fit, test)}")
    return scores["label"]


@dataclass(frozen=True)
class _Fitted:
    """One label's linear map, the standardisation folded into the weights."""

    target: "_Target"
    strength: float
    mean: torch.Tensor
    weights: torch.Tensor
    offset: torch.Tensor

    def answer(self, features: torch.Tensor) -> torch.Tensor:
        return (features - self.mean) @ self.weights + self.offset


def _fit_together(
    names: list[str], x: torch.Tensor, labels: Mapping[str, ProbeLabel], seed: int
) -> dict[str, _Fitted]:
    """Fit labels that have values on the same rows."""
    rows = _usable(labels[names[0]])
    features = x[torch.as_tensor(rows)]
    targets = {name: _Target(labels[name], rows) for name in names}
    held = group_split(np.asarray(labels[names[0]].group)[rows], VALIDATION_SHARE, seed)
    fitted, held_rows = torch.as_tensor(~held), torch.as_tensor(held)
    widths = [target.matrix.shape[1] for target in targets.values()]
    stacked = torch.cat([target.matrix for target in targets.values()], dim=1)

    best: dict[str, tuple[float, float, float]] = {}
    trial = Ridge(features[fitted], stacked[fitted])
    held_x = (features[held_rows] - trial.mean) * trial.scale
    for strength in STRENGTHS:
        weights = trial.weights(strength)
        if weights is None:
            continue
        answers = (held_x @ weights + trial.target_mean).split(widths, dim=1)
        for name, answer in zip(names, answers, strict=True):
            score = targets[name].validation_score(answer, held)
            if name not in best or (*score, strength) > best[name]:  # ties: the stronger ridge
                best[name] = (*score, strength)

    final = Ridge(features, stacked)
    starts = np.cumsum([0, *widths])
    result = {}
    for strength in sorted({chosen[2] for chosen in best.values()}):
        weights = final.weights(strength)
        if weights is None:
            raise ValueError(f"the ridge is not positive definite at strength {strength:g}")
        for position, name in enumerate(names):
            if best[name][2] == strength:
                own = slice(int(starts[position]), int(starts[position + 1]))
                result[name] = _Fitted(
                    targets[name],
                    strength,
                    final.mean,
                    final.scale[:, None] * weights[:, own],
                    final.target_mean[own],
                )
    return result


class _Target:
    """One label as regression columns: one-hot for classes, standardised for scalars."""

    def __init__(self, label: ProbeLabel, rows: np.ndarray) -> None:
        self.kind = label.kind
        values = np.asarray(label.values)[rows]
        if self.kind == "class":
            self.classes, self.codes = np.unique(values, return_inverse=True)
            self.matrix = torch.nn.functional.one_hot(
                torch.as_tensor(self.codes), len(self.classes)
            ).float()
        else:
            numbers = values.astype(np.float64)
            self.centre, self.spread = numbers.mean(), numbers.std()
            self.matrix = (
                torch.as_tensor((numbers - self.centre) / self.spread).float().unsqueeze(1)
            )

    def validation_score(self, answer: torch.Tensor, held: np.ndarray) -> tuple[float, float]:
        """(accuracy or minus squared error, minus squared error as the tie-break)."""
        truth = self.matrix[torch.as_tensor(held)]
        error = -float((answer - truth).square().mean())
        if self.kind == "class":
            return float((answer.argmax(1) == truth.argmax(1)).float().mean()), error
        return error, error

    def score(self, answer: np.ndarray, test: ProbeLabel, strength: float) -> ProbeScore:
        rows = _usable(test)
        truth = np.asarray(test.values)[rows]
        answer = answer[rows]
        unseen = 0.0
        if self.kind == "class":
            value = float((self.classes[answer.argmax(1)] == truth).mean())
            chance = chance_accuracy(self.classes[self.codes], truth)
            unseen = float((~np.isin(truth, self.classes)).mean())
        else:
            numbers = truth.astype(np.float64)
            error = np.square(answer[:, 0] * self.spread + self.centre - numbers).sum()
            value = float(1 - error / np.square(numbers - numbers.mean()).sum())
            chance = 0.0
        return ProbeScore(
            value, chance, self.kind, strength, len(self.matrix), int(rows.sum()), unseen
        )


def usable_rows(values: np.ndarray) -> np.ndarray:
    """Boolean [row]: where a label has a value."""
    values = np.asarray(values)
    return np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)


def labelled_rows(labels: Mapping[str, ProbeLabel]) -> np.ndarray:
    """The numbers of the rows where at least one label has a value, in order."""
    return np.flatnonzero(np.any([_usable(label) for label in labels.values()], axis=0))


def _usable(label: ProbeLabel) -> np.ndarray:
    return usable_rows(label.values)


def _as_matrix(features: np.ndarray) -> torch.Tensor:
    array = np.asarray(features)
    if array.ndim != 2:
        raise ValueError(f"features must be [row, feature], got shape {array.shape}")
    return torch.as_tensor(np.ascontiguousarray(array, dtype=np.float32))
