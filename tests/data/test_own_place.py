"""How a car drives depends neither on where it is nor on where it heads."""

import numpy as np
import torch

from nsca.data.own_place import gone_on, told_from


def turned(physical: torch.Tensor, angle: float, by: torch.Tensor) -> torch.Tensor:
    turn = torch.tensor(
        [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    ).float()
    place, velocity = physical.split(3, dim=-1)
    return torch.cat([place @ turn + by, velocity @ turn], dim=-1)


def test_a_window_is_the_same_wherever_it_is_and_whichever_way_it_heads():
    physical = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0))
    heading = torch.linspace(-3, 3, 5)
    here = told_from(physical, heading, 2)
    assert here[:, 2, :3].abs().max() < 1e-6
    elsewhere = turned(physical, 0.7, torch.tensor([30.0, -4.0, 2.0]))
    torch.testing.assert_close(told_from(elsewhere, heading + 0.7, 2), here, atol=1e-4, rtol=0)


def test_what_faces_left_and_goes_left_goes_ahead():
    physical = torch.tensor([[[1.0, 2.0, 3.0, 0.0, 5.0, 1.0]]])
    told = told_from(physical, torch.tensor([torch.pi / 2]), 0)
    torch.testing.assert_close(told[0, 0], torch.tensor([0.0, 0.0, 0.0, 5.0, 0.0, 1.0]))


def test_inertia_goes_on_and_back():
    last = torch.tensor([[[1.0, 2.0, 3.0, 10.0, 0.0, -1.0]]])
    found = gone_on(last, torch.tensor([-0.1, 0.0, 0.5]))
    assert found.shape == (1, 3, 6)
    torch.testing.assert_close(found[0, :, 0], torch.tensor([0.0, 1.0, 6.0]))
    torch.testing.assert_close(found[0, :, 2], torch.tensor([3.1, 3.0, 2.5]))
    assert (found[..., 3:] == last[..., 3:]).all()
