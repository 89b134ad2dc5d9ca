"""What is magnetic is drawn to a near hand, and to nothing else."""

import mujoco
import numpy as np
import pytest

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.arena import Arena
from nsca.worlds.tabletop.magnetism import MAGNET_FULL_M, MAGNET_RANGE_M, pull_magnets
from nsca.worlds.tabletop.scene import build_scene
from nsca.worlds.tabletop.spawning import Pose, stand


def pull_n(instance, distance_m: float, broken: frozenset[int] = frozenset()) -> np.ndarray:
    """Force (3) on the object with the hand that far away along x."""
    scene = build_scene([instance], draw_look(np.random.default_rng(0)), broken)
    data = mujoco.MjData(scene.model)
    stand(scene, data, [Pose(0.0, 0.0, 0.0)])
    at = scene.position_address[0]
    data.qpos[:3] = data.qpos[at : at + 3]
    data.qpos[0] += distance_m
    pull_magnets(scene, data)
    return data.xfrc_applied[scene.body[0], :3].copy()


def test_the_pull_points_at_the_hand_and_fades_with_distance(make) -> None:
    magnet = make("puck_magnetic", magnetism_n=2.0)
    np.testing.assert_allclose(pull_n(magnet, MAGNET_FULL_M), (2.0, 0.0, 0.0), atol=1e-9)
    np.testing.assert_allclose(pull_n(magnet, 2 * MAGNET_FULL_M), (0.5, 0.0, 0.0), atol=1e-9)
    assert not pull_n(magnet, MAGNET_RANGE_M + 1e-6).any()


def test_neither_plain_things_nor_fragments_are_pulled(make) -> None:
    assert not pull_n(make("puck_magnetic", magnetism_n=0.0), MAGNET_FULL_M).any()
    jar = make("jar_fragile", magnetism_n=2.0)
    assert pull_n(jar, MAGNET_FULL_M).any()
    assert not pull_n(jar, MAGNET_FULL_M, frozenset({0})).any()


def test_a_magnetic_puck_comes_to_a_hand_beside_it_and_its_plain_twin_does_not(make) -> None:
    def came_m(strength_n: float, spawn: str) -> float:
        puck = make("puck_magnetic", magnetism_n=strength_n, friction=0.1, mass_kg=0.05)
        rng = np.random.default_rng(4)
        arena = Arena([puck], draw_look(rng))
        parameters = {"direction_rad": 0.0, "speed_m_s": 0.8, "height_m": 0.1, "force_n": 15.0}

        def hold_still(view, chosen):
            del chosen
            while True:
                yield tuple(view.hand)

        played = arena.interact("reach", parameters, spawn, 0, rng, motion=hold_still)
        way_m = played.object_state[-1, 0, :2] - played.object_state[0, 0, :2]
        towards = played.proprioception[0, :2] - played.object_state[0, 0, :2]
        return float(way_m @ towards / np.linalg.norm(towards))

    assert came_m(0.0, "touching") == pytest.approx(0.0, abs=2e-4)
    assert came_m(1.0, "touching") > 0.005
    assert came_m(1.0, "free") == pytest.approx(0.0, abs=2e-4)
