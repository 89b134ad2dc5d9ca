"""What is linear is fitted in closed form."""

import pytest
import torch
from phases.tiny_dynamics import PAST, first_fit, held_out

from nsca.data.moments import THING
from nsca.errors import UserError
from nsca.objectives.linear_future import STRENGTHS, best_strength


@torch.no_grad()
def test_it_says_how_far_from_going_on_a_pushed_thing_will_be():
    model = first_fit().imagination
    linear, batch = model.first.linear, held_out(first_fit())
    true, going = batch.physical[:, PAST:, :THING], linear.going_on(batch)
    said = linear.of_thing(batch, torch.tensor(0.0), model.physical_change, None)
    off, beyond = true - going - said, true - going
    assert off.square().mean() < 0.02**2 * beyond.square().mean()


def test_a_map_that_is_told_of_a_prior_is_not_used_without():
    model = first_fit().imagination
    batch = held_out(first_fit())
    told = model.linear_future(told=True)
    with pytest.raises(ValueError, match="for a map that is told of it"):
        told.of_thing(batch, torch.tensor(0.5), model.physical_change, None)


def test_what_is_noise_is_held_small():
    torch.manual_seed(0)
    features = torch.randn(90, 60)
    noise, told = torch.randn(90, 4), features @ torch.randn(60, 4)
    assert best_strength([features], [noise]) == STRENGTHS[-1]
    assert best_strength([features], [told]) < 0.1
    both = best_strength([features, features], [0.1 * noise, told])
    assert both < 0.1, "one for all, as what can be told of any horizon asks"


def test_windows_that_tell_nothing_are_refused():
    with pytest.raises(UserError, match="no linear map can be fitted"):
        best_strength([torch.full((9, 3), torch.nan)], [torch.zeros(9, 1)])
