"""A control: everything comes to rest at once, whatever carries, pushes or holds it.

On a table keeping the last state is a good guess and going on at the last velocity a bad one. What
a physics prior gains beside no prior, which goes on, could be this alone.
"""

from jaxtyping import Float
from torch import Tensor

from nsca.priors.physics import CONTACT_RATE_PER_S
from nsca.priors.prior import Prior
from nsca.priors.state import PhysicalState


class Rest(Prior):
    """Velocity falls to 1/e in 40 ms, as fast as contacts of the physics prior act."""

    def acceleration(self, state: PhysicalState) -> Float[Tensor, "*batch 3"]:
        return -CONTACT_RATE_PER_S * state.velocity_m_s
