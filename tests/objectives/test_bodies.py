import pytest
import torch

from nsca.data.moments import THING, WITH_HAND
from nsca.objectives.bodies import (
    CONTACT_RADIUS_M,
    felt,
    felt_numbers,
    gripped,
    seen_at_rest,
    seen_by_prior,
)
from nsca.priors.physics import Physics


def row(place=(0.0, 0.0, 0.02), speed=(0.0, 0.0, 0.0), hand=(0.0, 0.0, 0.3), opening=0.046):
    return torch.tensor([*place, *speed, *hand, 0.0, 0.0, 0.0, opening])


@pytest.mark.parametrize("width", [THING, WITH_HAND])
def test_what_is_felt_has_the_promised_width(width):
    torch.manual_seed(0)
    numbers = felt(torch.randn(2, 5, width))
    assert numbers.shape == (2, 5, felt_numbers(width))
    assert torch.isfinite(numbers).all()


def test_other_widths_are_refused():
    with pytest.raises(ValueError, match="6 or 13 numbers, not 7"):
        felt_numbers(7)


def test_a_grip_is_near_and_presses():
    near, far = row(hand=(0.0, 0.01, 0.02), opening=0.02), row(opening=0.02)
    told = torch.tensor(0.0)
    assert gripped(near, told)
    assert not gripped(far, told)
    assert not gripped(near, torch.tensor(0.02)), "fingers are where they are told to be"
    shut = row(hand=(0.0, 0.03, 0.02), opening=0.0)
    assert not gripped(shut, told), "closed fingers push and hold nothing"


def test_what_is_held_stays_where_it_is_in_the_hand():
    """No jerk towards the middle of the hand, where a thing need not be held."""
    physical = row(hand=(0.0, 0.02, 0.02), opening=0.02)[None]
    state = seen_by_prior(physical, torch.tensor([0.02]), torch.tensor([0.0]))
    assert Physics(9.81).acceleration(state).abs().max() < 1e-5
    loose = seen_by_prior(physical, torch.tensor([-1.0]), torch.tensor([0.02]))
    assert Physics(9.81).acceleration(loose)[0, 2].item() == pytest.approx(-9.81)
    assert state.hand.contact_radius_m.item() == pytest.approx(CONTACT_RADIUS_M)


def test_without_a_hand_there_is_none():
    state = seen_by_prior(row()[None, :6], torch.tensor([0.02]), torch.tensor([0.0]))
    assert state.hand is None


def test_the_height_of_rest_is_the_last_one_seen():
    resting, moving = row(place=(0, 0, 0.03)), row(place=(0, 0, 0.2), speed=(0, 0, 0.5))
    held = row(place=(0, 0, 0.1), hand=(0, 0, 0.1), opening=0.02)
    lower = row(place=(0, 0, 0.01))
    told = torch.zeros(3, 3)
    past = torch.stack(
        [
            torch.stack([lower, resting, moving]),
            torch.stack([held, held, moving]),
            torch.stack([resting, lower, held]),
        ]
    )
    height, known = seen_at_rest(past, told)
    assert known.tolist() == [True, False, True]
    assert height[known].tolist() == pytest.approx([0.03, 0.01])
