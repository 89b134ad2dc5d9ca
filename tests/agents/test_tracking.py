"""Following a plan: open-loop where nothing is in the way, patient where the hand lags."""

import fake_scene
import numpy as np

from nsca.agents.tracking import PATIENCE, Tracker
from nsca.agents.warping import warp

SHOWN = fake_scene.demonstration()
HERE = fake_scene.scene((0.0, 0.7), (0.1, 0.85))


def test_a_hand_that_follows_gets_the_demonstrated_actions():
    plan = warp(SHOWN, HERE)
    tracker = Tracker(plan, HERE[:3])
    for step in range(len(plan.grip)):
        seen = SHOWN.observations[step].astype(np.float64)
        np.testing.assert_allclose(tracker.act(seen), SHOWN.actions[step], atol=2e-3)
    assert tracker.ended


def test_a_lagging_hand_is_waited_for_and_then_no_longer():
    tracker = Tracker(warp(SHOWN, HERE), HERE[:3])
    stuck = HERE.copy()
    stuck[:3] += (0.0, -0.2, 0.0)
    for _ in range(PATIENCE):
        tracker.act(stuck)
    assert tracker.at == 0
    tracker.act(stuck)
    assert tracker.at == 1


def test_actions_stay_within_their_range():
    tracker = Tracker(warp(SHOWN, HERE), HERE[:3] + 0.5)
    assert np.abs(tracker.act(HERE)).max() <= 1.0
