import pytest
import torch

from nsca.losses.nt_xent import nt_xent
from nsca.objectives.sounds import TERMS, sound_losses


def embedded() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    rows = {name: torch.randn(8, 4) for name in ("first", "second")}
    return rows | {name: torch.zeros(8, 2, 3) for name in ("decoded", "also_decoded")}


def test_what_is_wanted_is_given_and_nothing_else():
    rows, clean = embedded(), torch.ones(8, 2, 3)
    assert sound_losses(rows, clean, 0.1, TERMS).keys() == TERMS
    found = sound_losses(rows, clean, 0.1, {"nt_xent"})
    views = torch.stack([rows["first"], rows["second"]])
    assert found == {"nt_xent": nt_xent(views, 0.1)}


def test_reconstruction_is_the_squared_error_of_both_views():
    rows, clean = embedded(), torch.full((8, 2, 3), 2.0)
    assert sound_losses(rows, clean, 0.1, {"reconstruction"})["reconstruction"] == 4
    rows["decoded"] = clean
    assert sound_losses(rows, clean, 0.1, {"reconstruction"})["reconstruction"] == pytest.approx(2)
