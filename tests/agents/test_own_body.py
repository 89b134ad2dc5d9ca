"""The hand's own dynamics are found again from data that they made."""

import fake_scene
import numpy as np
import pytest

from nsca.agents.own_body import learn_body
from nsca.data.demonstrating import record_demonstrations


def test_the_fit_predicts_the_hand_of_episodes_that_it_has_not_seen():
    shown = record_demonstrations("push-v3", 4, seed=1).demonstrations
    body = learn_body(shown[:1])
    seen, actions = shown[3].observations.astype(np.float64), shown[3].actions
    hand, target = seen[0, :3].copy(), seen[0, :3].copy()
    moved = before = np.zeros(3)
    errors = []
    for step in range(25):  # until something is in its way
        stepped = 0.01 * actions[step, :3]
        target = target + stepped
        moved, before = body.hand_step(moved, before, stepped, target - hand), moved
        hand = hand + moved
        errors.append(np.linalg.norm(hand - seen[step + 1, :3]))
    assert max(errors) < 0.02


def test_fingers_stay_open_by_what_they_hold():
    body = learn_body([fake_scene.demonstration()])
    assert body.finger_step(np.array([0.4]), np.array([1.0]))[0] >= 0.4 - 1e-6
    assert body.least_opening == pytest.approx(0.4)
