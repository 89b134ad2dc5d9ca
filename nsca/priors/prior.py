"""The one thing that every prior does."""

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor, nn

from nsca.priors.state import PhysicalState

STANDARD_GRAVITY_M_S2 = 9.80665  # by definition (CGPM 1901); the unit of penalties and scales


class Prior(nn.Module, ABC):
    """A module, so that what it holds moves between devices; it has nothing to train."""

    @abstractmethod
    def acceleration(self, state: PhysicalState) -> Float[Tensor, "*batch 3"]:
        """Acceleration of the object in m/s², of the same shape as its position."""
