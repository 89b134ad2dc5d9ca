import pytest
import torch

from nsca.errors import UserError
from nsca.priors.gravity import Gravity
from nsca.priors.none import NoPrior
from nsca.priors.weight import DEFAULT_FLOOR, LEARNING_RATE, PriorWeight, check_weight


@pytest.mark.parametrize(
    ("start", "floor"), [(0.9, 0.3), (0.5, 0.3), (0.31, 0.3), (0.1, 0.0), (0.9, 0.0), (0.999, 0.0)]
)
def test_a_learnable_weight_starts_where_it_is_told(start, floor):
    assert PriorWeight(start, floor, learnable=True)().item() == pytest.approx(start, abs=2e-7)


@pytest.mark.parametrize("value", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_fixed_weight_is_exactly_that_and_is_not_trained(value):
    weight = PriorWeight(value, floor=0.0, learnable=False)
    assert weight() == torch.tensor(value)
    assert list(weight.parameters()) == []
    assert "fixed" in weight.state_dict()


@pytest.mark.parametrize("floor", [0.0, 0.1, 0.3, 0.7, 0.9, 1 / 3])
def test_never_above_one_nor_below_the_floor(floor):
    weight = PriorWeight(floor + (1 - floor) / 2, floor, learnable=True)
    for argument in (-1e4, -80.0, -5.0, 0.0, 5.0, 17.0, 80.0, 1e4):
        with torch.no_grad():
            weight.argument.fill_(argument)
        assert floor - 1e-7 <= weight().item() <= 1.0


@pytest.mark.parametrize(
    ("start", "floor", "learnable", "message"),
    [
        (0.2, 0.3, True, "not in"),
        (1.1, 0.3, False, "not in"),
        (0.5, 1.0, False, "floor"),
        (0.5, -0.1, False, "floor"),
        (0.3, 0.3, True, "between"),
        (1.0, 0.3, True, "between"),
        (0.0, 0.0, True, "between"),
    ],
)
def test_what_cannot_be_is_refused(start, floor, learnable, message):
    with pytest.raises(ValueError, match=message):
        PriorWeight(start, floor, learnable)


def test_the_one_learning_rate():
    assert (LEARNING_RATE, DEFAULT_FLOOR) == (3e-2, 0.3)


def test_no_prior_has_no_weight():
    with pytest.raises(UserError, match=r"prior=none weighs 0.9.* count 0.1"):
        check_weight(NoPrior(), PriorWeight(0.9, 0.3, learnable=True))
    check_weight(NoPrior(), PriorWeight(0.0, 0.0, learnable=False))
    check_weight(Gravity(9.81), PriorWeight(0.9, 0.3, learnable=True))
