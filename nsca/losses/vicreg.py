"""VICReg's three terms (Bardes, Ponce and LeCun 2022), each for any number of views.

Convention, because libraries differ by a factor 2 under the same weight: variance and covariance
are *averages over views*. With two views the variance term equals that of the authors' code (which
halves the sum) and is half of solo-learn's; the covariance term is half of the authors' c(Z) +
c(Z').
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

VARIANCE_EPSILON = 1e-4
"""Keeps the square root's gradient finite when a feature is constant; the paper's value."""


def invariance(views: Float[Tensor, "view sample feature"]) -> Float[Tensor, ""]:
    """Return the mean squared distance of two views of a sample.

    s = mean over pairs (u, v), samples i and features j of (z_uij - z_vij)^2; over all pairs this
    is 2 V / (V - 1) times the variance across V views, which is how it is computed.
    """
    n_views = len(views)
    if n_views < 2:
        raise ValueError("the invariance term needs 2 views")
    spread = views.float() - views.float().mean(dim=0, keepdim=True)
    return 2 * spread.square().sum(dim=0).mean() / (n_views - 1)


def variance(
    views: Float[Tensor, "view sample feature"], target_std: float = 1.0
) -> Float[Tensor, ""]:
    """Return how far the features' standard deviations fall short of a target.

    v = mean over views and features j of max(0, target_std - sqrt(Var(z_j) + 1e-4)), with the
    unbiased variance over the batch. Between 0 and target_std.
    """
    std = (views.float().var(dim=1) + VARIANCE_EPSILON).sqrt()
    return functional.relu(target_std - std).mean()


def covariance(views: Float[Tensor, "view sample feature"]) -> Float[Tensor, ""]:
    """Return the redundancy of the features.

    c = mean over views of (1 / d) sum over j != k of Cov(z_j, z_k)^2, with the unbiased covariance
    over the batch and d features.
    """
    _, n_samples, n_features = views.shape
    centred = views.float() - views.float().mean(dim=1, keepdim=True)
    with torch.autocast(views.device.type, enabled=False):  # sums of squares leave 16 bits
        matrices = centred.transpose(1, 2) @ centred / (n_samples - 1)
    off_diagonal = ~torch.eye(n_features, dtype=torch.bool, device=views.device)
    return (matrices.square() * off_diagonal).sum(dim=(1, 2)).mean() / n_features
