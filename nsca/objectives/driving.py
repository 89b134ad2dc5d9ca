"""How a network feels the state of what drives: from a frame that goes on with it.

At 20 m/s a car goes a metre in 50 ms, and what is to be learned is a millimetre of that. So a
network feels how places and velocities differ from those of going on at the last seen velocity,
axis by axis in units of how much they usually do, and that velocity beside them.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.data.own_place import gone_on

FELT = 9
ROAD_SPEED_M_S = 20.0


def felt_driving(
    physical: Float[Tensor, "*batch 6"],
    last: Float[Tensor, "*#batch 6"],
    seconds: Float[Tensor, "*#batch"],
    unit: Float[Tensor, "6"],
) -> Float[Tensor, "*batch 9"]:
    """Return what tells the state to a network, see the module.

    Args:
        physical: rows.
        last: the last state seen, at 0 s.
        seconds: when each row is.
        unit: of differences.
    """
    apart = (physical - gone_on(last, seconds)) / unit
    speed = last[..., 3:].expand_as(apart[..., 3:]) / ROAD_SPEED_M_S
    return torch.cat([apart, speed], dim=-1)
