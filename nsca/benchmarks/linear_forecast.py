"""The strong simple forecaster: a linear map from what a dynamics phase is given to what comes.

Ridge regression from the past states, the latent at the last of them and what is done until then to
how far each later state is from going on at the last velocity (`nsca.objectives.linear_future`),
fitted to a run's training part whether or not the run learned upon such a map itself: to the
windows that the run's own map was fitted to, which come from the whole of it.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.data.batch import DynamicsBatch
from nsca.objectives.imagination import Imagination


class LinearForecast:
    """A fitted map.

    Args:
        model: whose windows they are; nothing that it learned is used.
        batch: windows of the training part in time order, at least 3, on the CPU; of their latents
            the last one seen is read.

    Raises:
        UserError: no strength gives a solution.
    """

    def __init__(self, model: Imagination, batch: DynamicsBatch) -> None:
        self._unit = model.physical_change.cpu()
        self._weight = torch.zeros(())
        self._map = model.linear_future(told=False)
        self._map.fit_thing(batch, self._weight, self._unit, None)

    def __call__(self, batch: DynamicsBatch) -> Float[Tensor, "row ahead 6"]:
        """Return the thing's places and velocities that come."""
        beyond = self._map.of_thing(batch, self._weight, self._unit, None)
        return beyond + self._map.going_on(batch)
