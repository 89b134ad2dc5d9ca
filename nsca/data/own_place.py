"""Motion of what drives, told from its own place; and inertia.

Where a car is and which way it heads changes nothing about how it drives, so its windows are told
from its place at the last moment seen, x the way it then faced.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def told_from(
    physical: Float[Tensor, "row moment 6"], heading: Float[Tensor, " row"], moment: int
) -> Float[Tensor, "row moment 6"]:
    """Return places and velocities from the place at one moment, x the way of the heading (rad,
    from x to y), y to its left, z up.
    """
    forward, left = torch.cos(heading)[:, None], torch.sin(heading)[:, None]

    def turned(vector: Tensor) -> Tensor:
        x, y, z = vector.unbind(dim=-1)
        return torch.stack([forward * x + left * y, forward * y - left * x, z], dim=-1)

    place = physical[..., :3] - physical[:, moment, None, :3]
    return torch.cat([turned(place), turned(physical[..., 3:])], dim=-1)


def gone_on(
    last: Float[Tensor, "*#batch 6"], seconds: Float[Tensor, "*#batch"]
) -> Float[Tensor, "*batch 6"]:
    """Return the place and velocity of what goes on, so long after each state, at its velocity."""
    place, velocity = last.split(3, dim=-1)
    drifted = place + seconds[..., None] * velocity
    return torch.cat([drifted, velocity.expand_as(drifted)], dim=-1)
