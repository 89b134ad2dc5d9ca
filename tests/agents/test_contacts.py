"""Which thing is moved, and from when."""

from dataclasses import replace

import fake_scene
import numpy as np

from nsca.agents.contacts import Contact, contacts


def test_the_touch_is_found_where_the_thing_begins_to_move():
    found = contacts(fake_scene.demonstration().observations)
    assert [contact.object for contact in found] == [0]
    assert abs(found[0].step - fake_scene.APPROACH) <= 3


def test_what_falls_after_the_reset_is_not_touched():
    seen = fake_scene.demonstration().observations.copy()
    seen[:6, 6] += np.linspace(0.08, 0.0, 6)
    assert contacts(seen) == contacts(fake_scene.demonstration().observations)


def test_a_thing_that_moves_far_from_the_hand_moves_by_itself():
    shown = fake_scene.demonstration()
    seen = shown.observations.copy()
    seen[:, 11:14] = (0.8, 0.8, 0.1)
    seen[20:, 11] += 0.05
    assert contacts(seen) == contacts(shown.observations)


def test_two_things_come_in_the_order_in_which_they_are_moved():
    seen = fake_scene.demonstration().observations.copy()
    seen[:, 11:14] = seen[60, :3]
    seen[60:, 11:14] = seen[60:, :3]
    first, second = contacts(seen)
    assert (first.object, second.object) == (0, 1)
    assert first.step < second.step


def test_where_nothing_moves_there_is_no_touch():
    shown = fake_scene.demonstration()
    still = replace(shown, observations=shown.observations.copy())
    still.observations[:, 4:7] = still.observations[0, 4:7]
    assert contacts(still.observations) == []


def test_a_button_that_only_goes_down_is_touched():
    seen = fake_scene.demonstration().observations.copy()
    seen[:, 4:7] = seen[0, 4:7]
    seen[50:, 6] -= 0.02
    assert contacts(seen) == [Contact(50, 0)]
