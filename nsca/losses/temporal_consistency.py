"""Temporal consistency: what is near in time is near in feature space.

Slowness as a learning signal: Wiskott and Sejnowski 2002 (slow feature analysis); with deep
features Mobahi, Collobert and Weston 2009. On its own it is minimised by a constant, so it needs a
term that keeps the features apart (NT-Xent, variance).
"""

from jaxtyping import Float
from torch import Tensor


def temporal_consistency(
    now: Float[Tensor, "sample feature"], near: Float[Tensor, "sample feature"]
) -> Float[Tensor, ""]:
    """Return mean over samples i and features j of (now_ij - near_ij)^2.

    Args:
        now: embeddings of frames.
        near: embeddings of frames of the same clips, close in time.
    """
    return (now.float() - near.float()).square().mean()
