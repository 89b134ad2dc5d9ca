"""What demonstrations tell of a thing: who carries it, where, and from how near."""

import fake_scene
import numpy as np

from nsca.agents.scene import scene_facts


def test_a_carried_thing_lies_where_it_lay_in_the_grip():
    facts = scene_facts([fake_scene.demonstration(), fake_scene.demonstration((0.1, 0.6))])
    assert facts.there.tolist() == [True, False]
    assert not facts.by_object.any()
    np.testing.assert_allclose(facts.offset_m[0], (0.0, 0.0, -0.04), atol=1e-3)
    assert 0.02 <= facts.radius_m[0] <= 0.04


def test_what_the_held_thing_pushes_is_carried_by_it():
    shown = fake_scene.demonstration()
    seen = shown.observations
    seen[:, 11:14] = seen[60, 4:7] + (0.05, 0.0, 0.0)
    seen[60:, 11:14] = seen[60:, 4:7] + np.float32([0.05, 0.0, 0.0])
    facts = scene_facts([shown])
    assert facts.by_object.tolist() == [False, True]
    np.testing.assert_allclose(facts.offset_m[1], (0.05, 0.0, 0.0), atol=1e-3)
