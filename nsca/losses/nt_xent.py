"""NT-Xent: normalised, temperature-scaled cross entropy (SimCLR: Chen et al. 2020, equation 1)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def nt_xent(views: Float[Tensor, "view sample feature"], temperature: float) -> Float[Tensor, ""]:
    """Return NT-Xent over all views of a batch.

    With z normalised, s = z z' / temperature, and P(a) the other views of anchor a's sample:

        loss = mean over anchors a, mean over p in P(a), of  -log( exp(s_ap) / sum_{b != a}
        exp(s_ab) )

    Two views give SimCLR's loss; more views give the outer form of SupCon (Khosla et al. 2020,
    equation 2) with samples as classes. Chance is log(views * samples - 1).

    Raises:
        ValueError: fewer than two views or two samples, or a temperature that is not positive.
    """
    n_views, n_samples = views.shape[:2]
    if n_views < 2 or n_samples < 2 or temperature <= 0:
        raise ValueError(
            f"NT-Xent needs 2 views, 2 samples and a positive temperature, "
            f"got {n_views}, {n_samples} and {temperature}"
        )
    # float32: sums of exponentials lose too much in half precision
    with torch.autocast(views.device.type, enabled=False):
        anchors = functional.normalize(views.flatten(0, 1).float(), dim=1)
        similarity = anchors @ anchors.T / temperature
    itself = torch.eye(len(anchors), dtype=torch.bool, device=views.device)
    log_total = similarity.masked_fill(itself, float("-inf")).logsumexp(dim=1)
    sample = torch.arange(n_samples, device=views.device).repeat(n_views)
    positive = (sample[:, None] == sample[None, :]) & ~itself
    mean_positive = (similarity * positive).sum(dim=1) / (n_views - 1)
    return (log_total - mean_positive).mean()
