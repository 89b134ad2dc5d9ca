"""A linear map says nothing until it has weights, and is saved with them."""

import torch

from nsca.models.linear_map import LinearMap


def test_it_says_nothing_before_it_is_fitted():
    assert not LinearMap(3, 2)(torch.randn(5, 3)).any()


def test_it_is_linear_and_is_restored_from_its_state():
    linear = LinearMap(2, 1)
    linear.mean.copy_(torch.tensor([1.0, 2.0]))
    linear.scale.copy_(torch.tensor([0.5, 0.0]))
    linear.weights.copy_(torch.tensor([[4.0], [9.0]]))
    linear.offset.fill_(3.0)
    rows = torch.tensor([[3.0, 7.0], [1.0, -7.0]])
    assert linear(rows).tolist() == [[7.0], [3.0]]
    again = LinearMap(2, 1)
    again.load_state_dict(linear.state_dict())
    assert torch.equal(again(rows), linear(rows))
    assert not list(linear.parameters())
