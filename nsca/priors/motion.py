"""From accelerations to motion."""

from jaxtyping import Float
from torch import Tensor


def advance(
    position_m: Float[Tensor, "*batch 3"],
    velocity_m_s: Float[Tensor, "*batch 3"],
    acceleration_m_s2: Float[Tensor, "*batch 3"],
    dt_s: float,
) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch 3"]]:
    """Position and velocity after `dt_s`, exact for an acceleration that is constant over it.

    The Taylor step x + v dt + a dt²/2, v + a dt. Semi-implicit Euler, the usual choice of
    simulators, would fall 1.25 % too far in a second of 12.5 ms steps.
    """
    moved = position_m + velocity_m_s * dt_s + acceleration_m_s2 * (0.5 * dt_s**2)
    return moved, velocity_m_s + acceleration_m_s2 * dt_s
