"""How far off forecasts of a thing are, in SI units, at every horizon."""

import numpy as np
from jaxtyping import Float

QUANTITIES = {"place_m": slice(0, 3), "speed_m_s": slice(3, 6)}
"""Of the thing, among the numbers of a physical state."""


def root_mean_squares(
    off: Float[np.ndarray, "window ahead axis"],
) -> Float[np.ndarray, " ahead"]:
    """Return the root mean square over windows of the lengths of errors."""
    return np.sqrt(np.square(off).sum(axis=-1).mean(axis=0))
