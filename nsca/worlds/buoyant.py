"""A thing in the air that is lighter or heavier than the air it displaces, with linear drag.

dv/dt = g (lift - 1) up - drag · v, whose solution is known: v tends to v_end = g (lift - 1) / drag
with the time constant 1 / drag. Linear drag is Stokes's; a real balloon's is quadratic, and its
added mass makes it slower at first: neither changes the sign of anything here.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

GRAVITY_M_S2 = 9.81


@dataclass(frozen=True)
class BuoyantObject:
    """A point without rotation in still air.

    Attributes:
        lift: buoyancy over weight; 0 is a stone, above 1 it rises.
        drag_per_s: deceleration over speed, above 0.
    """

    lift: float
    drag_per_s: float

    def acceleration_m_s2(
        self, velocity_m_s: Float[np.ndarray, "*batch 3"]
    ) -> Float[np.ndarray, "*batch 3"]:
        """At this velocity."""
        up = np.array([0.0, 0.0, GRAVITY_M_S2 * (self.lift - 1)])
        return up - self.drag_per_s * velocity_m_s

    def motion(
        self,
        position_m: Float[np.ndarray, "start 3"],
        velocity_m_s: Float[np.ndarray, "start 3"],
        dt_s: float,
        steps: int,
    ) -> tuple[Float[np.ndarray, "start time 3"], Float[np.ndarray, "start time 3"]]:
        """Positions and velocities at 0, dt, ..., steps · dt; exact at any dt."""
        time_s = np.arange(steps + 1)[None, :, None] * dt_s
        v_end = self.acceleration_m_s2(np.zeros(3)) / self.drag_per_s
        excess = velocity_m_s[:, None] - v_end
        decay = np.exp(-self.drag_per_s * time_s)
        velocity = v_end + excess * decay
        position = position_m[:, None] + v_end * time_s + excess * (1 - decay) / self.drag_per_s
        return position, velocity
