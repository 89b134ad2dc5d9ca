"""The figures of forecasts: errors at every horizon, how honest the doubt is, what latents tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from nsca.benchmarks.forecasts import CALIBRATION_ERROR, ERROR, Forecast
from nsca.calibration import (
    gaussian_crps,
    gaussian_nll,
    quantile_calibration_error,
    spread_factor,
)
from nsca.errors import UserError
from nsca.objectives.forecast_errors import QUANTITIES, root_mean_squares
from nsca.objectives.imagination import Imagination
from nsca.ridge import Ridge

RIDGE = 1e-3  # of the map from latent to place, in units of the features' variance


@dataclass(frozen=True)
class Foretold:
    """All windows of a part.

    Attributes:
        true: physical states that came.
        past: those that were seen.
        mean: by forecaster.
        deviation: of `trained`.
        latent: of `trained`, then the true one of the same moments, then the last one seen.
        thing: whose number each window shows.
    """

    true: Float[np.ndarray, "window ahead quantity"]
    past: Float[np.ndarray, "window moment quantity"]
    mean: Mapping[str, Float[np.ndarray, "window ahead quantity"]]
    deviation: Float[np.ndarray, "window ahead quantity"]
    latent: tuple[Tensor, Tensor, Tensor]
    thing: Int[np.ndarray, " window"]

    def halves(self, seed: int) -> "tuple[Foretold, Foretold]":
        """Return the windows of one half of the things, drawn with the seed, and of the others; of
        one thing alone, nothing is left for the second.
        """
        things, which = np.unique(self.thing, return_inverse=True)
        first = np.random.default_rng([seed, len(things)]).permutation(len(things)) % 2 == 0
        return self._of(first[which]), self._of(~first[which])

    def _of(self, rows: Bool[np.ndarray, " window"]) -> "Foretold":
        told, true, last = (latent[torch.from_numpy(rows)] for latent in self.latent)
        return Foretold(
            true=self.true[rows],
            past=self.past[rows],
            mean={name: mean[rows] for name, mean in self.mean.items()},
            deviation=self.deviation[rows],
            latent=(told, true, last),
            thing=self.thing[rows],
        )


class PlaceReader:
    """A linear map from latents to places."""

    def __init__(
        self, latents: Float[Tensor, "row latent"], places: Float[Tensor, "row 3"]
    ) -> None:
        self._ridge = Ridge(latents, places)
        weights = self._ridge.weights(RIDGE)
        if weights is None:
            raise UserError(
                "the latents cannot be read: they do not vary", "train the fusion first"
            )
        self._weights = weights

    def __call__(self, latents: Float[Tensor, "*row latent"]) -> Float[Tensor, "*row 3"]:
        standard = (latents - self._ridge.mean) * self._ridge.scale
        return standard @ self._weights + self._ridge.target_mean


def _row(
    model: Imagination,
    key: tuple[str, str, int],
    forecaster: str,
    measure: str,
    value: float,
    windows: int,
) -> Forecast:
    """`key`: part, quantity and horizon, from 0."""
    split, quantity, ahead = key
    seconds = round(model.motion.dt_s * (ahead + 1), 6)
    return Forecast(split, quantity, ahead + 1, seconds, forecaster, measure, value, windows)


def errors(found: Foretold, split: str, model: Imagination) -> Iterator[Forecast]:
    """Root mean square errors of every forecaster at every horizon."""
    for quantity, columns in QUANTITIES.items():
        for forecaster, mean in found.mean.items():
            off = mean[..., columns] - found.true[..., columns]
            yield from _by_horizon(off, model, split, quantity, forecaster)


def _by_horizon(
    off: Float[np.ndarray, "window ahead axis"],
    model: Imagination,
    split: str,
    quantity: str,
    forecaster: str,
) -> Iterator[Forecast]:
    """Root mean squares of lengths."""
    for ahead, error in enumerate(root_mean_squares(off).tolist()):
        yield _row(model, (split, quantity, ahead), forecaster, ERROR, error, len(off))


def spread_factors(found: Foretold) -> dict[tuple[str, int], float]:
    """Return what deviations have to be multiplied by, for each quantity and horizon (from 0)."""
    return {
        (quantity, ahead): spread_factor(*_doubted(found, columns, ahead))
        for quantity, columns in QUANTITIES.items()
        for ahead in range(found.true.shape[1])
    }


def doubts(
    found: Foretold, factors: Mapping[tuple[str, int], float], split: str, model: Imagination
) -> Iterator[Forecast]:
    """How honest the deviations are, as they come and after one factor each, which are to come from
    other objects.
    """
    for (quantity, ahead), factor in factors.items():
        left, own = _doubted(found, QUANTITIES[quantity], ahead)
        for forecaster, wide in (("trained", own), ("scaled", factor * own)):
            figures = {
                CALIBRATION_ERROR: quantile_calibration_error(left, wide),
                "crps": gaussian_crps(left, wide),
                "nll": gaussian_nll(left, wide),
                "deviation": float(wide.mean()),
            }
            for measure, value in figures.items():
                key = split, quantity, ahead
                yield _row(model, key, forecaster, measure, value, len(found.true))


def _doubted(
    found: Foretold, columns: slice, ahead: int
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Errors of `trained` and what it said of them."""
    error = found.true[:, ahead, columns] - found.mean["trained"][:, ahead, columns]
    return error.ravel(), found.deviation[:, ahead, columns].ravel()


def read_latents(
    found: Foretold, split: str, model: Imagination, read: PlaceReader
) -> Iterator[Forecast]:
    """Errors of places that are read from latents: foretold, the last one, and the true one."""
    told, true, last = (read(latent).numpy() for latent in found.latent)
    means = {"trained": told, "copy_last": np.broadcast_to(last, told.shape), "seen": true}
    for forecaster, mean in means.items():
        off = mean - found.true[..., :3]
        yield from _by_horizon(off, model, split, "read_place_m", forecaster)
