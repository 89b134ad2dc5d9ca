"""What an agent may choose from: demonstrations as shown, the nearest ones also varied."""

from collections import Counter
from dataclasses import fields

import fake_scene
import numpy as np
import pytest

from nsca.agents.proposals import (
    AS_SHOWN,
    DISTANCE_PRICE,
    NEAREST,
    VARIATION_PRICE_M,
    VARIATIONS,
    VARIED,
    Variation,
    propose,
    vary,
)
from nsca.agents.warped_demonstrations import scene_distance_m
from nsca.agents.warping import warp

HERE = fake_scene.scene((0.0, 0.7), (0.1, 0.85))
TOUCH = fake_scene.APPROACH
SHOWN = fake_scene.demonstration((0.03, 0.7))
PLAN = warp(SHOWN, HERE)


def beside(distances):
    """One demonstration for each distance of its thing from the thing here."""
    return [fake_scene.demonstration((distance, 0.7)) for distance in distances]


def untouched():
    """The hand goes to the goal, and the thing lies somewhere else all the time."""
    shown = fake_scene.demonstration()
    shown.observations[:, 4:7] = (0.3, 0.5, 0.02)
    return shown


def test_the_nearest_demonstration_as_shown_comes_first():
    shown = beside([0.2, 0.05, 0.1])
    first = propose(shown, HERE)[0]
    assert first.identity == (1, 0)
    np.testing.assert_array_equal(first.plan.hand, warp(shown[1], HERE).hand)
    np.testing.assert_array_equal(first.plan.target, warp(shown[1], HERE).target)


def test_only_the_nearest_come_with_variations():
    found = propose(beside([0.2, 0.05, 0.1, 0.15]), HERE)
    assert len({one.identity for one in found}) == len(found)
    number = Counter(one.identity[0] for one in found)
    assert VARIED == 2
    assert number == {1: 1 + len(VARIATIONS), 2: 1 + len(VARIATIONS), 3: 1, 0: 1}


def test_there_are_no_more_than_the_nearest():
    shown = beside(0.02 * np.arange(NEAREST + 3)[::-1])
    numbers = {one.identity[0] for one in propose(shown, HERE)}
    assert numbers == set(range(3, NEAREST + 3)), "the first three lie farthest"


def test_distance_and_variation_have_their_price():
    shown = beside([0.2, 0.05])
    found = propose(shown, HERE)
    for one in found:
        number, variation = one.identity
        expected = DISTANCE_PRICE * scene_distance_m(shown[number], HERE)
        expected += VARIATION_PRICE_M if variation else 0.0
        assert one.price_m == pytest.approx(expected)
    assert found[0].price_m == min(one.price_m for one in found)


def test_a_variation_promises_what_the_demonstration_does():
    found = propose([SHOWN], HERE)
    ends = {tuple(one.plan.hand[-1]) for one in found}
    assert len(ends) == len(found) == 1 + len(VARIATIONS), "no two of them end alike"
    for one in found:
        assert one.moved == 0
        np.testing.assert_array_equal(one.promise_m, PLAN.expected[-1, 0])
    np.testing.assert_allclose(found[0].promise_m[:2], HERE[36:38], atol=0.01)


def test_where_nothing_moves_the_hand_is_promised():
    found = propose([untouched()], HERE)
    for one in found:
        assert one.moved is None
        np.testing.assert_array_equal(one.promise_m, found[0].plan.hand[-1])


def test_as_shown_changes_nothing():
    same = vary(PLAN, AS_SHOWN, TOUCH)
    for field in fields(PLAN):
        np.testing.assert_allclose(getattr(same, field.name), getattr(PLAN, field.name), atol=1e-12)


def test_hand_and_target_are_shifted_alike():
    shift = (0.01, -0.02, 0.03)
    varied = vary(PLAN, Variation(shift), TOUCH)
    np.testing.assert_allclose(varied.hand - PLAN.hand, np.tile(shift, (len(PLAN.grip), 1)))
    np.testing.assert_allclose(varied.target - PLAN.target, np.tile(shift, (len(PLAN.grip), 1)))
    for name in ("grip", "opening", "expected", "step"):
        np.testing.assert_array_equal(getattr(varied, name), getattr(PLAN, name))


def test_it_reaches_farther_only_once_the_thing_is_touched():
    far = warp(SHOWN, fake_scene.scene((-0.2, 0.5), (0.3, 1.0)))
    begin = int(np.flatnonzero(far.step >= TOUCH)[0])
    assert begin > TOUCH, "a plan with more steps than the demonstration"
    varied = vary(far, Variation(reach=1.5), TOUCH)
    for name in ("hand", "target"):
        old, new = getattr(far, name), getattr(varied, name)
        np.testing.assert_array_equal(new[: begin + 1], old[: begin + 1])
        np.testing.assert_allclose(new[begin:] - new[begin], 1.5 * (old[begin:] - old[begin]))


def test_what_is_touched_in_the_very_last_step_can_be_varied():
    late = fake_scene.demonstration()
    late.observations[:-1, 4:7] = late.observations[0, 4:7]
    found = propose([late], HERE)
    assert len(found) == 1 + len(VARIATIONS)
    np.testing.assert_array_equal(found[1].plan.hand, found[0].plan.hand)  # reaches no farther
