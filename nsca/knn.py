"""Classes read out of frozen features by their nearest neighbours.

Wu et al. 2018: cosine similarity, votes weighted by exp(similarity / 0.07). Nothing is fitted, so
there is nothing to tune; features are centred first, which the paper does not do.
"""

import numpy as np
import torch

from nsca.probe_rows import as_matrix, rows_with_value


def knn_accuracy(
    fit_features: np.ndarray,
    fit_values: np.ndarray,
    test_features: np.ndarray,
    test_values: np.ndarray,
    neighbours: int = 20,
    temperature: float = 0.07,
) -> float:
    """Share of test rows whose class wins the weighted vote of its nearest fit rows (cosine
    similarity).

    Args:
        fit_features, test_features: [row, feature]; centred here on the fit part's mean.
        fit_values, test_values: [row] class labels; rows where they are NaN are left out.

    Raises:
        ValueError: nothing to fit or to test, or lengths that differ.
    """
    fit_x, test_x = as_matrix(fit_features), as_matrix(test_features)
    if len(fit_x) != len(fit_values) or len(test_x) != len(test_values):
        raise ValueError("features and labels differ in length")
    fit_rows, test_rows = rows_with_value(fit_values), rows_with_value(test_values)
    fit_x, fit_values = fit_x[torch.as_tensor(fit_rows)], np.asarray(fit_values)[fit_rows]
    test_x, test_values = test_x[torch.as_tensor(test_rows)], np.asarray(test_values)[test_rows]
    if not len(fit_x) or not len(test_x):
        raise ValueError("kNN needs at least one row to fit and one to test")
    classes, targets = np.unique(fit_values, return_inverse=True)
    mean = fit_x.mean(0)
    fit_x = torch.nn.functional.normalize(fit_x - mean, dim=1)
    test_x = torch.nn.functional.normalize(test_x - mean, dim=1)
    one_hot = torch.nn.functional.one_hot(torch.as_tensor(targets), len(classes)).float()
    winners = []
    for chunk in test_x.split(1024):
        similarity, index = (chunk @ fit_x.T).topk(min(neighbours, len(fit_x)), dim=1)
        votes = one_hot[index] * (similarity / temperature).exp().unsqueeze(-1)
        winners.append(votes.sum(1).argmax(1))
    return float((classes[torch.cat(winners).numpy()] == np.asarray(test_values)).mean())
