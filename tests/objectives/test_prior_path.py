"""What a prior alone foretells of a way."""

from dataclasses import replace

import pytest
import torch
from phases.tiny_dynamics import AHEAD, DT_S, PAST, Pushed, first_fit, held, held_out

from nsca.objectives.prior_path import FIRST_REST_HEIGHT_M, prior_path, rest_height_m
from nsca.priors.blended_motion import BlendedMotion
from nsca.priors.gravity import Gravity
from nsca.priors.physics import Physics


def windows(with_hand: bool = False):
    phase = first_fit(Pushed(clips=12, with_hand=with_hand), with_hand=with_hand)
    return held_out(phase, clips=12, with_hand=with_hand)


@pytest.mark.parametrize("weight", [0.1, 0.9])
def test_a_thing_falls_from_the_last_moment_seen_whatever_the_prior_weighs(weight):
    batch = windows()
    motion = BlendedMotion(Gravity(9.81), held(weight), DT_S, substeps=2)
    way = prior_path(motion, batch, torch.zeros(len(batch), AHEAD, 0))
    last = batch.physical[:, PAST - 1]
    seconds = DT_S * torch.arange(1, AHEAD + 1)[:, None]
    speed = last[:, None, 3:] - 9.81 * seconds * torch.tensor([0.0, 0.0, 1.0])
    torch.testing.assert_close(way[..., 3:], speed)
    fallen = way[..., 2] - last[:, None, 2] - seconds[:, 0] * last[:, None, 5]
    expected = -9.81 / 2 * seconds[:, 0] ** 2
    torch.testing.assert_close(fallen, expected.expand_as(fallen), rtol=0.5, atol=0)


def test_it_goes_with_the_hand_that_holds_it():
    batch = windows(with_hand=True)
    physical = batch.physical.clone()
    physical[:, :, 6:9] = physical[:, :, :3]  # between the fingers, which are told to close
    action = torch.zeros_like(batch.action)
    grip = replace(batch, physical=physical, action=action)
    motion = BlendedMotion(Physics(9.81), held(0.9), DT_S, substeps=4)
    lifted = torch.zeros(len(batch), AHEAD, 7)
    lifted[..., 2] = 0.02
    with_it, without = (
        prior_path(motion, grip, hand) for hand in (lifted, torch.zeros_like(lifted))
    )
    gained = (with_it - without)[:, -1, 2]
    assert (gained > 0.5 * 0.02 * AHEAD).all()


def test_what_was_seen_to_lie_rests_there_and_nothing_else_does():
    batch = windows()
    physical = batch.physical.clone()
    physical[:, :, 3:] = 1.0
    physical[0, 1, 3:] = 0.0
    found = rest_height_m(replace(batch, physical=physical), PAST)
    assert found[0] == physical[0, 1, 2]
    assert (found[1:] == FIRST_REST_HEIGHT_M).all()
    guessed = rest_height_m(replace(batch, physical=physical), PAST, torch.full((len(batch),), 3.0))
    torch.testing.assert_close(guessed[1:], torch.full_like(guessed[1:], 3 * FIRST_REST_HEIGHT_M))
