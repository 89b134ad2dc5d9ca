"""The strong simple forecaster: a linear map from what a dynamics phase is given to what comes.

Ridge regression from the past states, the latent at the last of them and everything that is done to
how far each later state is from going on at the last velocity, one map for every horizon. How
strongly weights are held small is chosen on the last third of the training windows.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.data.batch import DynamicsBatch
from nsca.data.moments import THING
from nsca.data.own_place import gone_on
from nsca.errors import UserError
from nsca.objectives.imagination import Imagination
from nsca.ridge import Ridge

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # in units of the features' variance


class LinearForecast:
    """A fitted map.

    Args:
        model: whose windows they are; nothing that it learned is used.
        batch: windows of the training part in time order, at least 3, on the CPU.

    Raises:
        UserError: no strength gives a solution.
    """

    def __init__(self, model: Imagination, batch: DynamicsBatch) -> None:
        self._model = model
        self._unit = model.physical_change[:, :THING].cpu()
        features, targets = self._features(batch), self._targets(batch)
        cut = 2 * len(features) // 3
        first = Ridge(features[:cut], targets[:cut])
        errors: dict[float, float] = {}
        for strength in STRENGTHS:
            weights = first.weights(strength)
            if weights is not None:
                off = _told(first, weights, features[cut:]) - targets[cut:]
                errors[strength] = float(off.square().mean())
        self._ridge = Ridge(features, targets)
        weights = self._ridge.weights(min(errors, key=errors.__getitem__)) if errors else None
        if weights is None:
            raise UserError("no linear map can be fitted: windows do not vary", "give more data")
        self._weights = weights

    def __call__(self, batch: DynamicsBatch) -> Float[Tensor, "row ahead 6"]:
        """Return the thing's places and velocities that come."""
        beyond = _told(self._ridge, self._weights, self._features(batch))
        going_on = gone_on(self._last(batch), self._seconds()[1])
        return beyond.reshape(going_on.shape) * self._unit + going_on

    def _features(self, batch: DynamicsBatch) -> Float[Tensor, "row feature"]:
        past = self._model.past
        physical, last = batch.physical[:, :past], self._last(batch)
        before = physical[..., :THING] - gone_on(last, self._seconds()[0])
        parts = [before, physical[..., THING:], last, batch.action, batch.latent[:, past - 1]]
        return torch.cat([part.flatten(1) for part in parts], dim=1)

    def _targets(self, batch: DynamicsBatch) -> Float[Tensor, "row target"]:
        later = batch.physical[:, self._model.past :, :THING]
        beyond = later - gone_on(self._last(batch), self._seconds()[1])
        return (beyond / self._unit).flatten(1)

    def _last(self, batch: DynamicsBatch) -> Float[Tensor, "row 1 6"]:
        return batch.physical[:, self._model.past - 1, None, :THING]

    def _seconds(self) -> tuple[Float[Tensor, " moment"], Float[Tensor, " ahead"]]:
        """Of the moments seen and of those ahead; 0 at the last one seen."""
        past, ahead = self._model.past, self._model.ahead
        seconds = self._model.motion.dt_s * torch.arange(1 - past, ahead + 1)
        return seconds[:past], seconds[past:]


def _told(
    ridge: Ridge, weights: Float[Tensor, "feature target"], features: Float[Tensor, "row feature"]
) -> Float[Tensor, "row target"]:
    return (features - ridge.mean) * ridge.scale @ weights + ridge.target_mean
