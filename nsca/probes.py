"""Linear probes of frozen features: what a linear map can read out of them.

Features are standardised on the part they are fitted on. The ridge strength is chosen on a
validation part that shares no group (object) with the rest, or on each group in turn where there
are few, then the probe is refitted on everything that may be fitted, and scored once on the test
part. Raw pixels go through exactly the same code, so baselines get the same tuning budget. Linear
evaluation in this form follows common practice for self-supervised encoders.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from nsca.data.source import ProbeLabel
from nsca.probe_rows import as_matrix, validation_parts, valued_rows
from nsca.probe_target import ProbeScore, ProbeTarget
from nsca.ridge import Ridge

STRENGTHS = tuple(float(s) for s in np.logspace(-5, 2, 15))
"""Ridge strengths tried, as multiples of the mean non-zero eigenvalue of the standardised features'
covariance.
"""

VALIDATION_SHARE = 0.25


class FittedProbes:
    """Linear probes of every label, fitted once and scored on as many test parts as wanted.

    Labels over the same rows share the matrix work. A label that cannot be judged (fewer than two
    groups or distinct values to fit, no test row) is left out.

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
        x = as_matrix(features)
        by_rows: dict[bytes, list[str]] = {}
        for name, label in labels.items():
            _check_lengths(name, label, len(x))
            if _can_be_fitted(label):
                key = valued_rows(label).tobytes() + np.asarray(label.group, dtype=str).tobytes()
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
        x = as_matrix(features)
        scores = {}
        for name in self._order:
            if name not in labels:
                continue
            test, fitted = labels[name], self._fitted[name]
            _check_lengths(name, test, len(x))
            if test.kind != fitted.target.kind:
                raise ValueError(f"label {name!r} is {test.kind}, fitted was {fitted.target.kind}")
            if _can_be_scored(test):
                answer = fitted.answer(x).numpy()
                scores[name] = fitted.target.score(answer, test, fitted.strength)
        return scores


def _can_be_fitted(label: ProbeLabel) -> bool:
    """Whether at least two groups (objects) and two distinct values are there."""
    rows = valued_rows(label)
    groups, values = np.asarray(label.group)[rows], np.asarray(label.values)[rows]
    return len(np.unique(groups)) > 1 and len(np.unique(values)) > 1


def _can_be_scored(label: ProbeLabel) -> bool:
    """Whether a row has a value, and a scalar two distinct ones: R2 divides by their spread."""
    values = np.asarray(label.values)[valued_rows(label)]
    if not len(values):
        return False
    return label.kind != "scalar" or bool(np.ptp(values.astype(np.float64)) > 0)


def _check_lengths(name: str, label: ProbeLabel, rows: int) -> None:
    if len(label.values) != rows or len(label.group) != rows:
        raise ValueError(f"label {name!r} has {len(label.values)} values for {rows} feature rows")


@dataclass(frozen=True)
class _Fitted:
    """One label's linear map, the standardisation folded into the weights."""

    target: ProbeTarget
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
    rows = valued_rows(labels[names[0]])
    features = x[torch.as_tensor(rows)]
    targets = {name: ProbeTarget(labels[name], rows) for name in names}
    group = np.asarray(labels[names[0]].group)[rows]
    widths = [target.matrix.shape[1] for target in targets.values()]
    stacked = torch.cat([target.matrix for target in targets.values()], dim=1)

    parts = validation_parts(group, VALIDATION_SHARE, seed)
    tried: dict[tuple[str, float], list[tuple[float, float]]] = defaultdict(list)
    for held in parts:
        fitted, held_rows = torch.as_tensor(~held), torch.as_tensor(held)
        trial = Ridge(features[fitted], stacked[fitted])
        held_x = (features[held_rows] - trial.mean) * trial.scale
        for strength in STRENGTHS:
            weights = trial.weights(strength)
            if weights is None:
                continue
            answers = (held_x @ weights + trial.target_mean).split(widths, dim=1)
            for name, answer in zip(names, answers, strict=True):
                tried[name, strength].append(targets[name].validation_score(answer, held))
    best: dict[str, tuple[float, float, float]] = {}
    for (name, strength), scores in tried.items():
        if len(scores) == len(parts):
            score = sum(own for own, _ in scores) / len(parts)
            error = sum(own for _, own in scores) / len(parts)
            if name not in best or (score, error, strength) > best[name]:  # ties: the stronger one
                best[name] = (score, error, strength)

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
