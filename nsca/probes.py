"""Probes of frozen features: what can be read out of them with a linear map or by neighbours.

Features are standardised on the part they are fitted on. The ridge strength is chosen on a
validation part that shares no group (object) with the rest, then the probe is refitted on
everything that may be fitted, and scored once on the test part. Raw pixels go through exactly the
same code, so baselines get the same tuning budget. Linear evaluation in this form follows common
practice for self-supervised encoders; kNN follows Wu et al. 2018 (cosine similarity, votes weighted
by exp(similarity / 0.07)).

Ridge is solved by Cholesky factors of the smaller of the covariance (features x features) and the
Gram matrix (samples x samples), so 12,288 pixel columns cost what a few thousand samples cost.

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

STRENGTHS = tuple(float(s) for s in np.logspace(-5, 2, 15))
"""Ridge strengths tried, as multiples of the mean non-zero eigenvalue of the standardised features'
covariance.
"""

VALIDATION_SHARE = 0.25


@dataclass(frozen=True)
class ProbeScore:
    """What a probe reached on its test part.

    `value` is accuracy in [0, 1] (kind "class") or R2 in (-inf, 1] (kind "scalar", may be negative:
    worse than the test mean). `chance` is the accuracy of always answering the commonest class of
    the fit part, or 0.0 for R2. `strength` is the ridge strength chosen. `unseen` is
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
    """Probe every label that both parts have, sharing the matrix work between labels over the same
    rows.

    A label that cannot be judged (fewer than two groups or distinct values to fit, no test row) is
    absent from the result; `why_unjudged` gives the reason.

    Raises:
        ValueError: features and labels of different lengths, or a label whose kind differs between
        the parts.
    """
    fit_x, test_x = _as_matrix(fit_features), _as_matrix(test_features)
    by_rows: dict[bytes, list[str]] = {}
    for name in fit_labels:
        if name not in test_labels:
            continue
        fit, test = fit_labels[name], test_labels[name]
        if fit.kind != test.kind:
            raise ValueError(f"probe label {name!r} is {fit.kind} in fit and {test.kind} in test")
        for part, label, rows in (("fit", fit, len(fit_x)), ("test", test, len(test_x))):
            if len(label.values) != rows or len(label.group) != rows:
                raise ValueError(
                    f"{part} label {name!r} has {len(label.values)} values for {rows} feature rows"
                )
        if why_unjudged(fit, test) is None:
            key = _usable(fit).tobytes() + np.asarray(fit.group, dtype=str).tobytes()
            by_rows.setdefault(key, []).append(name)
    scores: dict[str, ProbeScore] = {}
    for names in by_rows.values():
        scores |= _probe_together(names, fit_x, fit_labels, test_x, test_labels, seed)
    return {name: scores[name] for name in fit_labels if name in scores}


def why_unjudged(fit: ProbeLabel, test: ProbeLabel) -> str | None:
    """Why this label cannot be probed, or None when it can."""
    rows = _usable(fit)
    if not rows.any() or not _usable(test).any():
        return "no row with a value"
    if len(np.unique(np.asarray(fit.group)[rows])) < 2:
        return "fewer than two groups (objects) to fit"
    if len(np.unique(np.asarray(fit.values)[rows])) < 2:
        return "only one distinct value to fit"
    if (
        fit.kind == "scalar"
        and np.ptp(np.asarray(test.values, dtype=np.float64)[_usable(test)]) == 0
    ):
        return "only one distinct value in the test part"
    return None


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
        fit_values, test_values: [row] class labels.

    Raises:
        ValueError: nothing to fit or to test, or lengths that differ.
    """
    fit_x, test_x = _as_matrix(fit_features), _as_matrix(test_features)
    if len(fit_x) != len(fit_values) or len(test_x) != len(test_values):
        raise ValueError("features and labels differ in length")
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


def _probe_together(
    names: list[str],
    fit_x: torch.Tensor,
    fit_labels: Mapping[str, ProbeLabel],
    test_x: torch.Tensor,
    test_labels: Mapping[str, ProbeLabel],
    seed: int,
) -> dict[str, ProbeScore]:
    """Probe labels that have values on the same fit rows."""
    rows = _usable(fit_labels[names[0]])
    features = fit_x[torch.as_tensor(rows)]
    targets = {name: _Target(fit_labels[name], rows) for name in names}
    held = group_split(np.asarray(fit_labels[names[0]].group)[rows], VALIDATION_SHARE, seed)
    fitted, held_rows = torch.as_tensor(~held), torch.as_tensor(held)
    columns = [targets[name].matrix for name in names]
    widths = [column.shape[1] for column in columns]
    stacked = torch.cat(columns, dim=1)

    best: dict[str, tuple[float, float, float]] = {}
    trial = _Ridge(features[fitted], stacked[fitted])
    for strength in STRENGTHS:
        answers = trial.answer(features[held_rows], strength)
        if answers is None:
            continue
        for name, answer in zip(names, answers.split(widths, dim=1), strict=True):
            score = targets[name].validation_score(answer, held)
            if name not in best or (*score, strength) > best[name]:  # ties: the stronger ridge
                best[name] = (*score, strength)

    final = _Ridge(features, stacked)
    answers_at = {s: final.answer(test_x, s) for s in {b[2] for b in best.values()}}
    scores = {}
    for position, name in enumerate(names):
        strength = best[name][2]
        everything = answers_at[strength]
        if everything is None:
            raise ValueError(
                f"the ridge for {name!r} is not positive definite at strength {strength:g}"
            )
        answer = everything.split(widths, dim=1)[position].numpy()
        scores[name] = targets[name].score(answer, test_labels[name], strength)
    return scores


class _Ridge:
    """Ridge regression over several strengths with one pass over the features."""

    def __init__(self, features: torch.Tensor, targets: torch.Tensor) -> None:
        self.mean = features.mean(0)
        deviation = features.std(0, correction=0)
        # A constant column carries nothing; dividing by its rounding noise would make it the
        # loudest one.
        self.scale = torch.where(deviation > 1e-6 * (1 + self.mean.abs()), 1 / deviation, 0.0)
        self.x = (features - self.mean) * self.scale
        self.target_mean = targets.mean(0)
        self.dual = self.x.shape[1] > self.x.shape[0]
        product = self.x @ self.x.T if self.dual else self.x.T @ self.x
        self.product = product.double()
        centred = targets - self.target_mean
        self.right = centred.double() if self.dual else (self.x.T @ centred).double()
        self.unit = float(self.product.diagonal().mean()) or 1.0

    def answer(self, features: torch.Tensor, strength: float) -> torch.Tensor | None:
        """[row, target] predictions, or None where rounding leaves the system not positive
        definite.
        """
        system = self.product.clone()
        system.diagonal().add_(strength * self.unit)
        factor, failed = torch.linalg.cholesky_ex(system)
        if int(failed):
            return None
        solution = torch.cholesky_solve(self.right, factor).float()
        weights = self.x.T @ solution if self.dual else solution
        return ((features - self.mean) * self.scale) @ weights + self.target_mean


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
            chance = float((truth == self.classes[np.bincount(self.codes).argmax()]).mean())
            unseen = float((~np.isin(truth, self.classes)).mean())
        else:
            numbers = truth.astype(np.float64)
            error = np.square(answer[:, 0] * self.spread + self.centre - numbers).sum()
            value = float(1 - error / np.square(numbers - numbers.mean()).sum())
            chance = 0.0
        return ProbeScore(
            value, chance, self.kind, strength, len(self.matrix), int(rows.sum()), unseen
        )


def _usable(label: ProbeLabel) -> np.ndarray:
    values = np.asarray(label.values)
    return np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=bool)


def _as_matrix(features: np.ndarray) -> torch.Tensor:
    array = np.asarray(features)
    if array.ndim != 2:
        raise ValueError(f"features must be [row, feature], got shape {array.shape}")
    return torch.as_tensor(np.ascontiguousarray(array, dtype=np.float32))
