"""The control for every other prior: fixed, of the same scale, and wrong.

What a physics prior brings could be the bias of *some* fixed function rather than its physics. This
is such a function: a random network over the same state that is never trained.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from nsca.priors.prior import STANDARD_GRAVITY_M_S2, Prior
from nsca.priors.state import PhysicalState

# what one unit of the network's input is: the size of what hands and small objects do
LENGTH_M, SPEED_M_S = 0.1, 0.5
INPUTS, HIDDEN = 11, 64
# inputs to measure the scale with: the root mean square is then known to about 1 %
CALIBRATION_SAMPLES = 4096


class RandomFixed(Prior):
    """A two-layer tanh network with weights drawn once.

    For standard normal inputs its output has a root mean square length of standard gravity.

    Args:
        seed: of the weights.
    """

    first: Tensor
    second: Tensor

    def __init__(self, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        first = torch.randn(INPUTS, HIDDEN, generator=draw) / INPUTS**0.5
        second = torch.randn(HIDDEN, 3, generator=draw)
        inputs = torch.randn(CALIBRATION_SAMPLES, INPUTS, generator=draw)
        length = torch.tanh(inputs @ first).matmul(second).square().sum(-1).mean().sqrt()
        self.register_buffer("first", first)
        self.register_buffer("second", second * STANDARD_GRAVITY_M_S2 / length)

    def acceleration(self, state: PhysicalState) -> Float[Tensor, "*batch 3"]:
        return torch.tanh(_inputs(state) @ self.first) @ self.second


def _inputs(state: PhysicalState) -> Float[Tensor, "*batch 11"]:
    """Velocity, height above rest, place and velocity relative to the hand, grip; 0 for what the
    state does not have.
    """
    nothing = torch.zeros_like(state.position_m)
    height, place, speed, grip = nothing[..., :1], nothing, nothing, nothing[..., :1]
    if state.rest_height_m is not None:
        height = (state.position_m[..., 2:] - state.rest_height_m[..., None]) / LENGTH_M
    if (hand := state.hand) is not None:
        place = (state.position_m - hand.position_m) / LENGTH_M
        speed = (state.velocity_m_s - hand.velocity_m_s) / SPEED_M_S
        grip = grip + hand.closing[..., None].to(nothing.dtype)
    return torch.cat([state.velocity_m_s / SPEED_M_S, height, place, speed, grip], dim=-1)
