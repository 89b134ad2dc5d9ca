import pytest
import torch
from torch.nn import functional

from nsca.losses.nt_xent import nt_xent
from nsca.losses.vicreg import variance
from nsca.objectives.pictures import TERMS, picture_losses


def views(samples: int = 8) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {name: torch.randn(samples, 4) for name in ("first", "second", "neighbour")}


def test_what_is_wanted_is_given_and_nothing_else():
    assert picture_losses(views(), 0.1, TERMS).keys() == TERMS
    without = {"first": torch.randn(8, 4), "second": torch.randn(8, 4)}
    found = picture_losses(without, 0.1, {"nt_xent", "variance"})
    both = torch.stack(list(without.values()))
    assert found == {"nt_xent": nt_xent(both, 0.1), "variance": variance(both)}


def test_agreeing_views_and_near_neighbours_cost_less():
    apart = views()
    alike = dict.fromkeys(apart, apart["first"])
    for term in ("nt_xent", "invariance", "temporal"):
        less, more = (picture_losses(each, 0.1, {term})[term] for each in (alike, apart))
        assert less < more
    distance = functional.mse_loss(apart["first"], apart["second"])
    assert picture_losses(apart, 0.1, {"invariance"})["invariance"] == pytest.approx(
        distance.item(), rel=1e-5
    )
