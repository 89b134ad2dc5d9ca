"""Ridge regression is the closed form, whichever way it is solved."""

import numpy as np
import pytest
import torch

from nsca.ridge import Ridge


def problem(rows: int, columns: int, targets: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(0)
    x = random.normal(3, 2, (rows, columns)).astype(np.float32)
    y = x[:, :targets] * 2 + random.normal(size=(rows, targets)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(y)


def closed_form(x: torch.Tensor, y: torch.Tensor, ridge: float) -> np.ndarray:
    """(Z'Z + ridge I)^-1 Z'(y - mean) of standardised Z, in double precision."""
    z = x.double().numpy()
    z = (z - z.mean(0)) / z.std(0)
    target = y.double().numpy()
    return np.linalg.solve(z.T @ z + ridge * np.eye(z.shape[1]), z.T @ (target - target.mean(0)))


@pytest.mark.parametrize("strength", [1e-3, 0.1, 10.0])
@pytest.mark.parametrize(("rows", "columns"), [(60, 8), (20, 50)])
def test_weights_equal_the_closed_form(rows: int, columns: int, strength: float):
    x, y = problem(rows, columns)
    ridge = Ridge(x, y)
    assert ridge.dual == (columns > rows)
    # The diagonal of Z'Z is the number of rows in each column; the Gram matrix shares its trace.
    unit = columns if ridge.dual else rows
    weights = ridge.weights(strength)
    assert weights is not None
    assert np.allclose(weights, closed_form(x, y, strength * unit), rtol=1e-3, atol=1e-4)


def test_prediction_is_the_truth_where_there_is_no_noise():
    x, _ = problem(60, 8)
    y = x @ torch.arange(8.0).unsqueeze(1) + 5
    ridge = Ridge(x, y)
    weights = ridge.weights(1e-6)
    assert weights is not None
    answer = (x - ridge.mean) * ridge.scale @ weights + ridge.target_mean
    assert torch.allclose(answer, y, atol=1e-2)


def test_more_strength_gives_smaller_weights():
    x, y = problem(60, 8)
    norms = [float(Ridge(x, y).weights(s).norm()) for s in (1e-3, 1.0, 1e3)]
    assert norms[0] > norms[1] > norms[2] > 0


def test_targets_do_not_disturb_each_other():
    x, y = problem(60, 8)
    together, alone = Ridge(x, y).weights(0.1), Ridge(x, y[:, 1:]).weights(0.1)
    assert torch.allclose(together[:, 1:], alone, atol=1e-5)


def test_a_constant_column_gets_no_weight_and_no_nan():
    x, y = problem(60, 8)
    for value in (
        0.0,
        1.0,
        1e4 + 0.1,
    ):  # 10,000.1 has no exact float32: its mean is off by rounding
        x[:, 3] = value
        weights = Ridge(x, y).weights(0.1)
        assert torch.isfinite(weights).all()
        assert (weights[3] == 0).all()


def test_features_that_never_change_predict_the_mean():
    _, y = problem(20, 8)
    ridge = Ridge(torch.ones(20, 4), y)
    assert (ridge.weights(0.1) == 0).all()
    assert torch.allclose(ridge.target_mean, y.mean(0))


def test_what_cannot_be_solved_is_none_and_never_nan():
    x, y = problem(60, 8)
    x[:, 5] = x[:, 4]  # singular without a ridge
    solved = Ridge(x, y).weights(1e-5)
    assert torch.isfinite(solved).all()
    assert Ridge(x, y).weights(-1.0) is None
    x[0, 0] = float("nan")
    assert Ridge(x, y).weights(0.1) is None
