"""A straight line y = w x + b with half squared errors: gradients are (e x, e), e = w x + b - y."""

import pytest
import torch
from torch import nn
from torch.func import functional_call

from nsca.losses.ewc import accumulated, diagonal_fisher, ewc_penalty, scaled_to_mean_one

PARAMETERS = {"w": torch.tensor(2.0), "b": torch.tensor(1.0)}
X = torch.tensor([1.0, 2.0, -1.0])
Y = torch.tensor([2.0, 6.0, 1.0])
# errors 1, -1, -2: gradients of w 1, -2, 2 and of b 1, -1, -2
BY_HAND = {"w": (1 + 4 + 4) / 3, "b": (1 + 1 + 4) / 3}


def loss(parameters, x, y):
    return 0.5 * (parameters["w"] * x + parameters["b"] - y) ** 2


def plain(tensors):
    return {name: tensor.item() for name, tensor in tensors.items()}


@pytest.mark.parametrize("chunk", [1, 2, 64])
def test_fisher_by_hand(chunk):
    assert plain(diagonal_fisher(loss, PARAMETERS, (X, Y), chunk)) == pytest.approx(BY_HAND)


def test_fisher_is_not_the_squared_batch_gradient():
    # mean gradients 1/3 and -2/3
    squared = {"w": 1 / 9, "b": 4 / 9}
    found = plain(diagonal_fisher(loss, PARAMETERS, (X, Y)))
    assert all(found[name] > 4 * squared[name] for name in squared)


def test_fisher_of_a_network_equals_one_backward_pass_a_sample():
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(7, 3, generator=generator)
    targets = torch.randn(7, 1, generator=generator)

    def one(parameters, x, y):
        return functional_call(model, parameters, (x,)).sub(y).square().sum()

    found = diagonal_fisher(one, dict(model.named_parameters()), (inputs, targets), chunk=3)
    slow = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    for x, y in zip(inputs, targets, strict=True):
        model.zero_grad()
        (model(x) - y).square().sum().backward()
        for name, p in model.named_parameters():
            slow[name] += p.grad.square() / 7
    for name, tensor in slow.items():
        torch.testing.assert_close(found[name], tensor)


def test_scaling_by_hand():
    scaled = scaled_to_mean_one({"w": torch.tensor([3.0, 0.0]), "b": torch.tensor(3.0)})
    assert scaled.scale == pytest.approx(2.0)
    assert scaled.values["w"].tolist() == [1.5, 0.0]
    assert scaled.values["b"].item() == 1.5


def test_a_loss_of_another_scale_gives_the_same_scaled_fisher():
    fisher = scaled_to_mean_one(diagonal_fisher(loss, PARAMETERS, (X, Y)))
    tenfold = scaled_to_mean_one(diagonal_fisher(lambda *a: 10 * loss(*a), PARAMETERS, (X, Y)))
    assert plain(tenfold.values) == pytest.approx(plain(fisher.values))
    assert tenfold.scale == pytest.approx(100 * fisher.scale)


def test_penalty_by_hand_and_its_gradient():
    moved = {"w": torch.tensor(2.1, requires_grad=True), "b": torch.tensor(0.8, requires_grad=True)}
    fisher = scaled_to_mean_one(diagonal_fisher(loss, PARAMETERS, (X, Y))).values
    # F scaled: 3 and 2 over their mean 2.5
    penalty = ewc_penalty(moved, PARAMETERS, fisher, strength=1000.0)
    assert penalty.item() == pytest.approx(500 * (1.2 * 0.1**2 + 0.8 * 0.2**2), rel=1e-4)
    penalty.backward()
    assert moved["w"].grad.item() == pytest.approx(1000 * 1.2 * 0.1, rel=1e-4)
    assert moved["b"].grad.item() == pytest.approx(-1000 * 0.8 * 0.2, rel=1e-4)


def test_penalty_is_zero_at_the_anchor_and_not_after_a_step():
    model = nn.Linear(2, 1)
    anchor = {name: p.detach().clone() for name, p in model.named_parameters()}
    fisher = {name: torch.ones_like(p) for name, p in anchor.items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    assert ewc_penalty(dict(model.named_parameters()), anchor, fisher, 1000.0).item() == 0.0
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    # each of three parameters moved by 0.1
    after = ewc_penalty(dict(model.named_parameters()), anchor, fisher, 1000.0)
    assert after.item() == pytest.approx(500 * 3 * 0.1**2, rel=1e-4)


def test_online_accumulation_by_hand():
    old, new = {"w": torch.tensor([2.0, 0.0])}, {"w": torch.tensor([1.0, 1.0])}
    assert accumulated(old, new, decay=0.5)["w"].tolist() == [2.0, 1.0]
    assert accumulated(old, new, decay=0.0)["w"].tolist() == [1.0, 1.0]
    twice = accumulated(accumulated(old, new, 0.5), new, 0.5)
    assert twice["w"].tolist() == [2.0, 1.5]


def test_what_cannot_be_is_refused():
    one = {"w": torch.ones(2)}
    with pytest.raises(ValueError, match="needs samples"):
        diagonal_fisher(loss, PARAMETERS, (X[:0], Y[:0]))
    with pytest.raises(ValueError, match="nothing to scale"):
        scaled_to_mean_one({"w": torch.zeros(2)})
    with pytest.raises(ValueError, match="within 0 and 1"):
        accumulated(one, one, 1.5)
    with pytest.raises(ValueError, match="other parameters"):
        accumulated(one, {"v": torch.ones(2)}, 1.0)
    with pytest.raises(ValueError, match="other names"):
        ewc_penalty(one, one, {"v": torch.ones(2)}, 1.0)
