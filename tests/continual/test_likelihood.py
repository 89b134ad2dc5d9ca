import math

import pytest
import torch

from nsca.continual.likelihood import ActionLikelihood

LIKELIHOOD = ActionLikelihood(deviation=0.5)


def test_loss_by_hand():
    # half of (0.5 / 0.5)^2 + (1 / 0.5)^2, and a grip of probability 1/2
    outputs = torch.tensor([[0.5, 0.0, 1.0, 0.0]])
    targets = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    assert LIKELIHOOD.loss(outputs, targets).item() == pytest.approx(2.5 + math.log(2))


def test_divergence_by_hand_and_zero_of_itself():
    old = torch.tensor([[0.5, 0.0, 1.0, 0.0], [0.1, 0.2, 0.3, 2.0]])
    new = torch.tensor([[0.0, 0.0, 0.0, math.log(3)], [0.1, 0.2, 0.3, 2.0]])
    # old grip 1/2, new 3/4: 1/2 log(2/3) + 1/2 log 2
    grip = 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)
    assert LIKELIHOOD.divergence(old, new).tolist() == pytest.approx([2.5 + grip, 0.0], abs=1e-6)


def test_divergence_is_the_mean_excess_loss_of_drawn_targets():
    old = torch.tensor([0.3, -0.2, 0.1, 0.7])
    new = torch.tensor([0.1, 0.2, -0.1, -0.4])
    many = old.expand(40_000, 4)
    drawn = LIKELIHOOD.draw(many, torch.Generator().manual_seed(0))
    excess = LIKELIHOOD.loss(new.expand(40_000, 4), drawn) - LIKELIHOOD.loss(many, drawn)
    assert excess.mean().item() == pytest.approx(LIKELIHOOD.divergence(old, new).item(), abs=0.03)


def test_drawn_targets_have_the_deviation_and_a_grip_of_0_or_1():
    outputs = torch.zeros(20_000, 4)
    drawn = LIKELIHOOD.draw(outputs, torch.Generator().manual_seed(1))
    assert drawn[:, :3].std().item() == pytest.approx(0.5, rel=0.02)
    assert set(drawn[:, 3].tolist()) == {0.0, 1.0}
    assert drawn[:, 3].mean().item() == pytest.approx(0.5, abs=0.02)


def test_natural_units_are_deviations():
    assert LIKELIHOOD.natural(torch.tensor([1.0, -1.0, 0.5, 3.0])).tolist() == [2.0, -2.0, 1.0, 3.0]


def test_a_deviation_above_zero():
    with pytest.raises(ValueError, match="not above 0"):
        ActionLikelihood(0.0)
