"""What breaks, when, and that nothing else notices."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.arena import Arena
from nsca.worlds.tabletop.breaking import break_object
from nsca.worlds.tabletop.recording import Recording
from nsca.worlds.tabletop.scene import FRAGMENT_SCALES, build_scene
from nsca.worlds.tabletop.spawning import Pose, stand


def breaks(interaction) -> list:
    return [event for event in interaction.events if event.kind == "break"]


def test_the_blow_that_breaks_is_the_one_that_exceeds_the_break_impulse(make, play) -> None:
    fragile = make("jar_fragile")
    weak, strong = (
        play("strike", make("jar_fragile", break_impulse_n_s=speed * fragile.mass_kg))[1]
        for speed in (0.5, 5.0)
    )
    assert len(breaks(weak)) == 1
    assert breaks(weak)[0].magnitude > 0.5 * fragile.mass_kg
    assert breaks(weak)[0].time_s > 0.02
    assert "broke" in weak.utterance
    assert breaks(strong) == []


def test_a_gentle_hand_breaks_nothing_that_a_fall_breaks(make, play) -> None:
    egg = make("egg_raw")
    for primitive in ("lift", "grasp", "reach"):
        assert breaks(play(primitive, egg, force_n=20.0)[1]) == []
    assert len(breaks(play("drop", egg, height_m=0.12)[1])) == 1


def test_tough_kinds_survive_every_strike(make, play) -> None:
    assert breaks(play("strike", make("jar_tough"), speed_m_s=1.2)[1]) == []


def test_hand_and_other_objects_go_on_undisturbed(make) -> None:
    objects = [make("jar_fragile"), make("ball_bouncy")]
    scene = build_scene(objects, draw_look(np.random.default_rng(0)))
    data = mujoco.MjData(scene.model)
    stand(scene, data, [Pose(0.0, 0.0, 0.3), Pose(0.1, 0.05, 0.0)])
    data.qpos[:6] = data.ctrl[:] = [0.0, -0.1, 0.05, 0.2, 0.01, 0.02]
    data.qvel[:] = np.random.default_rng(0).normal(0, 0.1, scene.model.nv)
    mujoco.mj_step(scene.model, data)
    rng = np.random.default_rng(1)
    broken, after = break_object(scene, data, 0, rng)
    at, moving = scene.position_address[1], scene.velocity_address[1]
    at_new, moving_new = broken.position_address[1], broken.velocity_address[1]
    np.testing.assert_array_equal(after.qpos[:6], data.qpos[:6])
    np.testing.assert_array_equal(after.qvel[:6], data.qvel[:6])
    np.testing.assert_array_equal(after.ctrl, data.ctrl)
    np.testing.assert_array_equal(after.qpos[at_new : at_new + 7], data.qpos[at : at + 7])
    np.testing.assert_array_equal(
        after.qvel[moving_new : moving_new + 6], data.qvel[moving : moving + 6]
    )
    assert after.time == data.time
    assert broken.broken == {0}
    fragments = [
        body
        for body in range(broken.model.nbody)
        if broken.model.body(body).name.split("/")[0] == "object0"
    ]
    assert len(fragments) == len(FRAGMENT_SCALES)
    mass_kg = broken.model.body_mass[fragments].sum()
    np.testing.assert_allclose(mass_kg, objects[0].mass_kg, rtol=1e-6)
    # the other object's flight is the same whether or not its neighbour broke
    for model, state in ((scene.model, data), (broken.model, after)):
        mujoco.mj_step(model, state, 20)
    np.testing.assert_allclose(after.qpos[at_new : at_new + 3], data.qpos[at : at + 3], atol=2e-3)


@pytest.mark.parametrize("kind", ["jar_fragile", "egg_raw", "mushroom_ceramic", "tee_glass"])
@pytest.mark.parametrize("spawn", ["free", "near", "touching", "holding"])
def test_what_nothing_hits_never_breaks(make, kind, spawn) -> None:
    """On the table or in a hand that keeps still, weight and grip are no impact."""
    thing = make(kind)
    for seed in range(2):
        rng = np.random.default_rng(seed)
        fragile = replace(thing, break_impulse_n_s=0.05 * thing.mass_kg)
        arena = Arena([fragile], draw_look(rng))

        def still(_view, _parameters, arena=arena):
            while True:
                yield tuple(arena.data.ctrl.tolist())

        chosen = {"direction_rad": 0.4, "speed_m_s": 0.8, "height_m": 0.1, "force_n": 20.0}
        played = arena.interact("grasp", chosen, spawn, 0, rng, motion=still)
        assert breaks(played) == []


@pytest.mark.parametrize(
    ("kind", "primitive"),
    [("jar_fragile", "drop"), ("egg_raw", "strike"), ("tee_glass", "drop"), ("egg_raw", "drop")],
)
def test_break_impulse_is_the_change_of_velocity_that_breaks_within_a_few_percent(
    make, play, monkeypatch, kind, primitive
) -> None:
    thing = make(kind)
    velocities_m_s: list[np.ndarray] = []
    step = Recording.step

    def watch(self, index, data) -> None:
        step(self, index, data)
        velocities_m_s.append(data.cvel[data.cvel.shape[0] - 1, 3:].copy())

    with monkeypatch.context() as patched:
        patched.setattr(Recording, "step", watch)
        play(primitive, replace(thing, break_impulse_n_s=1e3))
    # over 2.5 to 20 ms, whichever shows most: the time of contact alone, without falling
    trace = np.array(velocities_m_s)
    impact_m_s = max(
        np.linalg.norm(trace[steps:] - trace[:-steps], axis=1).max() for steps in range(1, 9)
    )
    for share, broken in ((0.95, True), (1.05, False)):
        limit_n_s = share * impact_m_s * thing.mass_kg
        assert (
            bool(breaks(play(primitive, replace(thing, break_impulse_n_s=limit_n_s))[1])) is broken
        )
