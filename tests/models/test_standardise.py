import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from nsca.models.standardise import LEAST_STD, Standardise


def test_mean_zero_and_deviation_one_and_back_after_saving():
    rows = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)) * 7 - 2
    scale = Standardise(3)
    assert torch.equal(scale(rows), rows), "nothing until it is fitted"
    scale.fit(rows)
    assert scale(rows).mean(dim=0).abs().max() < 1e-5
    again = Standardise(3)
    again.load_state_dict(scale.state_dict())
    assert bool(again.fitted)
    assert torch.equal(again(rows), scale(rows))


def test_a_constant_is_not_blown_up():
    scale = Standardise(1)
    scale.fit(torch.full((10, 1), 3.0))
    assert scale(torch.tensor([[3.0 + LEAST_STD]])).item() < 1.01


def test_no_rows_change_nothing():
    scale = Standardise(2)
    scale.fit(torch.zeros(0, 2))
    assert bool(scale.fitted)
    assert torch.equal(scale(torch.ones(1, 2)), torch.ones(1, 2))


def test_rows_stay_where_they_are_wherever_the_scales_are():
    """On a GPU that only pretends: devices are checked as on a real one, figures are not made."""
    with FakeTensorMode():
        with torch.device("cuda"):
            scale = Standardise(3)
        rows = torch.ones(4, 3)
        scale.fit(rows)
        assert scale(rows).device.type == "cpu"
        assert scale(rows.to("cuda")).device.type == "cuda"
