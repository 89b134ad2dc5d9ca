"""How likely an error is under the variance that was foretold for it."""

from jaxtyping import Float
from torch import Tensor


def variance_likelihood(
    error: Float[Tensor, "*batch"], log_variance: Float[Tensor, "*batch"]
) -> Float[Tensor, ""]:
    """Mean negative log-likelihood of errors under N(0, variance), without its constant.

    The errors are taken as they are (no gradient): means learn by squared error alone. With both in
    one likelihood the mean starves wherever the variance has grown (Seitzer et al. 2022, "On the
    pitfalls of heteroscedastic uncertainty estimation"; this is their beta = 1 with the variance's
    own gradient unweighted).

    Args:
        error: what was predicted minus what came.
        log_variance: natural logarithm, in the same unit squared.
    """
    squared = error.detach().square()
    return 0.5 * (log_variance + squared * (-log_variance).exp()).mean()
