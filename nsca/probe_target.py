"""A probed label as regression columns, and how answers to it are scored.

Unsure: classes are read by least squares on one-hot targets, not by logistic regression. It is
deterministic, has one knob and is fast; it can lie a few points below logistic regression when
classes are very unequal.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from nsca.data.source import ProbeLabel
from nsca.probe_rows import valued_rows


@dataclass(frozen=True)
class ProbeScore:
    """What a probe reached on its test part.

    `value` is accuracy in [0, 1] (kind "class") or R2 in (-inf, 1] (kind "scalar", may be negative:
    worse than the test mean). `chance` is what knowing nothing reaches (`chance_accuracy`), 0.0 for
    R2. `strength` is the ridge strength chosen. `unseen` is the share of test rows whose class the
    fit part lacks; they count as wrong.
    """

    value: float
    chance: float
    kind: Literal["class", "scalar"]
    strength: float
    fit_rows: int
    test_rows: int
    unseen: float = 0.0


def chance_accuracy(fit_values: np.ndarray, test_values: np.ndarray) -> float:
    """What knowing nothing reaches: the better of guessing evenly and of always answering the
    commonest class of the fit part, on these test rows.
    """
    classes, counts = np.unique(fit_values, return_counts=True)
    commonest = float((np.asarray(test_values) == classes[counts.argmax()]).mean())
    evenly = float(np.isin(test_values, classes).mean()) / len(classes)
    return max(commonest, evenly)


class ProbeTarget:
    """One label as regression columns: one-hot for classes, standardised for scalars.

    Args:
        label: what is fitted.
        rows: boolean [row], the rows with a value.
    """

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
        """Score the answers to all rows of a test part on those of them that have a value.

        Args:
            answer: [row, column], in the units of `matrix`.
            test: the truth.
            strength: of the ridge that answered, for the record.
        """
        rows = valued_rows(test)
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
