"""Cross-modal NT-Xent: what belongs together is near in the space that two senses share."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


def cross_modal_nt_xent(
    one: Float[Tensor, "sample feature"],
    other: Float[Tensor, "sample feature"],
    belongs: Int[Tensor, " sample"],
    temperature: float,
) -> Float[Tensor, ""]:
    """Return the contrastive loss between two senses of the same samples, both ways.

    With rows normalised, s = one other' / temperature, and P(i) the samples with the number of i,

        loss = mean over i, mean over p in P(i), of  -log( exp(s_ip) / sum_k exp(s_ik) )

    averaged over s and its transpose. Where every sample has a number of its own this is CLIP's
    loss (Radford et al. 2021, figure 3); with several positives it is the outer form of SupCon
    (Khosla et al. 2020, equation 2). Chance is log(samples).

    Args:
        one, other: of the two senses.
        belongs: samples of the same number are positives of each other; a sample is its own.
        temperature: positive.

    Raises:
        ValueError: fewer than two samples, or a temperature that is not positive.
    """
    if len(one) < 2 or temperature <= 0:
        raise ValueError(f"needs 2 samples and a positive temperature, got {len(one)}")
    # float32: sums of exponentials lose too much in half precision
    with torch.autocast(one.device.type, enabled=False):
        first, second = (functional.normalize(rows.float(), dim=1) for rows in (one, other))
        similarity = first @ second.T / temperature
    positive = (belongs[:, None] == belongs[None, :]).float()
    share = positive / positive.sum(dim=1, keepdim=True)
    ways = [functional.cross_entropy(s, share) for s in (similarity, similarity.T)]
    return torch.stack(ways).mean()
