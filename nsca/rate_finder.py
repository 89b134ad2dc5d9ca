"""Which learning rate? A step at each of rising rates, and a tenth of the rate of the lowest loss.

The range test of Smith (2017, "Cyclical learning rates for training neural networks"). Lightning's
`lr_find` is not used: it gives every parameter group the same rate, those included that have one of
their own, or a share; and it smooths losses with a memory of 50 of the 100 steps, so that its curve
lags. On babbling its rule (the steepest slope over the rate) would suggest 2.2e-3 for vision and
5e-4 for audio, this one 3.1e-3 and 4.0e-3; 3e-3 is what both were tuned to.

Unsure: what the first hundred steps say of a whole training is a start to search from.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.optim.lr_scheduler import LambdaLR

from nsca.errors import UserError
from nsca.phases.optimizer import OWN_RATE
from nsca.phases.phase import Phase

LEARNING_RATES = "learning_rates.csv"
"""In the run directory: a row a step, learning rate and loss."""
LEARNING_RATES_PLOT = "learning_rates.png"
LOWEST, HIGHEST = 1e-6, 1.0
BELOW_THE_LOWEST_LOSS = 10.0
"""The suggestion lies so far below the rate with the lowest loss: there it is about to rise."""
NEIGHBOURS = 3.0
"""Width of the smoothing (standard deviation of a Gaussian), in steps."""
CLEAR = 3.0
"""The loss must fall by so many standard deviations of its noise."""


@dataclass(frozen=True)
class RateCurve:
    """Learning rates in rising order, and the loss of the step that was taken at each.

    Raises:
        ValueError: values that are not finite.
    """

    rates: Float64[np.ndarray, " step"]
    losses: Float64[np.ndarray, " step"]

    def __post_init__(self) -> None:
        if not (np.isfinite(self.rates).all() and np.isfinite(self.losses).all()):
            raise ValueError("rates and losses must be finite")

    def smooth(self) -> Float64[np.ndarray, " step"]:
        """Return the losses, each averaged with those before and after it."""
        steps = np.arange(len(self.losses))
        weights = np.exp(-0.5 * ((steps[:, None] - steps) / NEIGHBOURS) ** 2)
        return weights @ self.losses / weights.sum(axis=1)

    def suggestion(self) -> float | None:
        """Return the rate to try; None where the loss has not clearly fallen."""
        if len(self.losses) < 2 * NEIGHBOURS:
            return None
        smooth = self.smooth()
        lowest = int(smooth.argmin())
        noise = float((self.losses - smooth)[: lowest + 1].std())
        if smooth[0] - smooth[lowest] <= CLEAR * noise:
            return None
        return float(self.rates[lowest] / BELOW_THE_LOWEST_LOSS)


def write_curve(curve: RateCurve, run: Path) -> None:
    """Write the curve's rows into a run directory."""
    with open(run / LEARNING_RATES, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["learning_rate", "loss"])
        pairs = zip(curve.rates, curve.losses, strict=True)
        writer.writerows([repr(float(rate)), repr(float(loss))] for rate, loss in pairs)


def read_curve(run: Path) -> RateCurve | None:
    """Return the curve of a run that looked for a rate, None of any other.

    Raises:
        ValueError: a damaged file.
    """
    file = run / LEARNING_RATES
    if not file.is_file():
        return None
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))[1:]
    numbers = np.array([[float(value) for value in row] for row in rows]).reshape(-1, 2)
    return RateCurve(numbers[:, 0], numbers[:, 1])


class RateSweep(Callback):
    """Trains at rates from `LOWEST` to `HIGHEST`, evenly spaced in their logarithm.

    A group that learns at a share of the learning rate does so here; one with a rate of its own
    keeps it. The sweep ends at a loss or gradient that is not finite.

    Args:
        steps: of the whole sweep.
    """

    def __init__(self, steps: int) -> None:
        self.rates = np.geomspace(LOWEST, HIGHEST, steps)
        self._losses: list[float] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the sweep in the place of the phase's own schedule."""
        if not isinstance(pl_module, Phase):
            raise TypeError(f"{type(pl_module).__name__} is no Phase")
        (optimizer,), (planned,) = trainer.optimizers, trainer.lr_scheduler_configs
        chosen = pl_module.optimizer_settings.learning_rate

        def share(step: int) -> float:
            return self.rates[min(step, len(self.rates) - 1)] / chosen

        own = [OWN_RATE in group for group in optimizer.param_groups]
        planned.scheduler = LambdaLR(optimizer, [(lambda _: 1.0) if o else share for o in own])

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        loss = float(outputs["loss"])
        if np.isfinite(loss):
            self._losses.append(loss)
        if not np.isfinite(loss) or (isinstance(pl_module, Phase) and pl_module.skipped.in_a_row):
            trainer.should_stop = True

    def curve(self) -> RateCurve:
        """Return what was found so far."""
        return RateCurve(self.rates[: len(self._losses)], np.array(self._losses, np.float64))


def suggested_rate(curve: RateCurve) -> float:
    """Return the suggestion. Raises UserError where there is none."""
    suggestion = curve.suggestion()
    if suggestion is None:
        raise UserError(
            "no learning rate stood out: the loss falls at none of them",
            f"look at the data and at {LEARNING_RATES_PLOT}, or try a larger effective_batch",
        )
    return suggestion
