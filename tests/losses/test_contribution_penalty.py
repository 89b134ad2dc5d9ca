import pytest
import torch

from nsca.losses.contribution_penalty import contribution_penalty


def test_value_and_gradient_against_the_hand_computed():
    contribution = torch.tensor([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]], requires_grad=True)
    loss = contribution_penalty(contribution, scale=5.0)
    assert loss.item() == pytest.approx((9 + 16) / 25 / 2)
    loss.backward()
    torch.testing.assert_close(contribution.grad, contribution.detach() * 2 / 25 / 2)


def test_any_batch_and_no_contribution():
    assert contribution_penalty(torch.zeros(2, 5, 3), 9.8) == 0
