"""One episode: wait, act, look whether the promise came true, let go, go home, again."""

import fake_scene
import numpy as np
import pytest

from nsca.agents.attempts import KEPT_WITHIN_M, LINGER, RISE_M, Attempts
from nsca.agents.contacts import SETTLED
from nsca.agents.proposals import Proposal
from nsca.agents.warping import warp

PLACES = ((0.0, 0.7), (0.1, 0.85))
SHOWN = fake_scene.demonstration(*PLACES)
HOME = SHOWN.observations[0, :3].astype(np.float64)
OPEN = -1.0
PLAN = warp(SHOWN, fake_scene.scene(*PLACES))
WHOLE = len(PLAN.grip) + LINGER
BROKEN, KEPT = (1.2 * KEPT_WITHIN_M, 0.0, 0.0), (0.0, 0.8 * KEPT_WITHIN_M, 0.0)


def proposal(off=(0.0, 0.0, 0.0), moved=0):
    """Promises a place so far off the one at which thing or hand will end."""
    end = PLAN.hand[-1] if moved is None else PLAN.expected[-1, moved]
    return Proposal((3, 1), PLAN, moved, end + off, 0.0)


def act(attempts, world, steps):
    """The actions, and where the hand was before each."""
    actions, hands = [], []
    for _ in range(steps):
        hands.append(world.seen[:3])
        actions.append(attempts.act(world.seen))
        world.step(actions[-1])
    return np.array(actions), np.array(hands)


def acted(promised, *, again=True, home=HOME):
    """The plan has been followed, and things have come to rest."""
    attempts, world = Attempts(home, OPEN, again=again), fake_scene.World(*PLACES)
    act(attempts, world, SETTLED)
    attempts.begin(promised, world.seen)
    actions, _ = act(attempts, world, WHOLE - 2)
    assert (actions[fake_scene.APPROACH :, 3] == 1.0).all(), "held until the end, and for a while"
    return attempts, world


def until_a_plan_is_due(attempts, world, most=300):
    actions, hands = [], []
    while not attempts.needs_a_plan and len(actions) < most:
        action, hand = act(attempts, world, 1)
        actions.append(action[0])
        hands.append(hand[0])
    return np.array(actions), np.array(hands)


def test_it_waits_until_things_have_settled_and_then_needs_a_plan():
    attempts, world = Attempts(HOME, 0.5, again=True), fake_scene.World(*PLACES)
    for _ in range(SETTLED):
        assert not attempts.needs_a_plan
        np.testing.assert_array_equal(attempts.act(world.seen), (0.0, 0.0, 0.0, 0.5))
    assert attempts.needs_a_plan
    assert attempts.tried == []
    attempts.begin(proposal(), world.seen)
    assert not attempts.needs_a_plan
    assert attempts.tried == [(3, 1)]
    assert np.abs(attempts.act(world.seen)[:3]).max() > 0


@pytest.mark.parametrize("promised", [proposal(KEPT), proposal(KEPT, moved=None)])
def test_where_the_promise_is_kept_it_stays(promised):
    attempts, world = acted(promised)
    actions, hands = act(attempts, world, 100)
    assert (actions[:, 3] == 1.0).all()
    np.testing.assert_allclose(hands, np.tile(PLAN.hand[-1], (100, 1)), atol=0.01)
    assert not attempts.needs_a_plan


@pytest.mark.parametrize("promised", [proposal(BROKEN), proposal(BROKEN, moved=None)])
def test_a_broken_promise_makes_it_let_go_rise_go_home_wait_and_plan(promised):
    attempts, world = acted(promised)
    actions, _ = until_a_plan_is_due(attempts, world)
    assert attempts.needs_a_plan
    opened = int((actions[:, 3] == OPEN).argmax())
    assert 0 <= opened <= 2, "soon after things have come to rest"
    assert (actions[opened:, 3] == OPEN).all()
    waiting = (actions[:, :3] == 0).all(axis=1)
    assert waiting[-SETTLED:].all()
    assert not waiting[opened:-SETTLED].any()
    np.testing.assert_allclose(world.seen[:3], HOME, atol=0.015)
    assert attempts.tried == [(3, 1)]
    attempts.begin(proposal(), world.seen)
    assert attempts.tried == [(3, 1)] * 2


@pytest.mark.parametrize("height", [0.02, 0.2])
def test_it_rises_before_it_goes_sideways(height):
    attempts, world = acted(proposal(BROKEN), home=np.array([0.0, 0.6, height]))
    end = PLAN.hand[-1]
    _, hands = until_a_plan_is_due(attempts, world)
    top = max(end[2] + RISE_M, height)
    assert hands[:, 2].max() == pytest.approx(top, abs=0.015)
    sideways = np.linalg.norm(hands[:, :2] - end[:2], axis=1) > 0.015
    risen = int((hands[:, 2] > top - 0.015).argmax())
    assert not sideways[:risen].any()
    assert sideways[risen:].any()


def test_without_again_nothing_is_ever_tried_twice():
    attempts, world = acted(proposal(BROKEN), again=False)
    actions, _ = act(attempts, world, 200)
    assert (actions[:, 3] == 1.0).all()
    assert not attempts.needs_a_plan


def test_no_action_is_out_of_range_however_far_the_hand_is_off():
    attempts, world = Attempts(HOME, OPEN, again=True), fake_scene.World(*PLACES)
    act(attempts, world, SETTLED)
    attempts.begin(proposal(), world.seen)
    world.seen[:3] += (0.5, -0.4, 0.3)
    actions, _ = act(attempts, world, 100)  # the world refuses what is out of range
    assert (np.abs(actions[:, :3]) == 1.0).all(axis=1).any()
