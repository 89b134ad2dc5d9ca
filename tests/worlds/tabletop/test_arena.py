"""The shape of an interaction, instability, fresh starts."""

import mujoco
import numpy as np
import pytest

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.arena import Arena
from nsca.worlds.tabletop.interaction import AUDIO_RATE_HZ, DURATION_S, FRAMES, FRAMES_PER_S

PARAMETERS = {"direction_rad": 0.0, "speed_m_s": 0.8, "height_m": 0.1, "force_n": 15.0}


def test_an_interaction_lasts_long_enough_and_every_stream_has_its_length(make, play) -> None:
    arena, played = play("push", make("box_hollow"), make("ball_dead"))
    assert DURATION_S >= 1.5
    assert FRAMES_PER_S >= 20
    assert arena.data.time == pytest.approx(DURATION_S)
    assert played.frames is None
    assert played.audio.shape == (round(DURATION_S * AUDIO_RATE_HZ),)
    assert played.touch.shape == (FRAMES, 6)
    assert played.proprioception.shape == (FRAMES, 18)
    assert played.action.shape == (FRAMES, 6)
    assert played.object_state.shape == (FRAMES, 2, 13)
    times = [event.time_s for event in played.events]
    assert times == sorted(times)
    assert all(0 <= time_s <= DURATION_S for time_s in times)


def test_pictures_come_with_a_renderer(make, renderer) -> None:
    rng = np.random.default_rng(0)
    arena = Arena([make("ball_bouncy")], draw_look(rng), renderer)
    played = arena.interact("strike", PARAMETERS, "near", 0, rng)
    assert played.frames is not None
    assert played.frames.shape == (FRAMES, 64, 64, 3)
    changed = np.abs(played.frames[-1].astype(int) - played.frames[0]).max(axis=2) > 20
    assert changed.sum() > 40, "the strike is to be seen"
    assert arena.seconds["rendering"] > 0


def test_a_picture_shows_the_very_time_of_its_state(make) -> None:
    lag_m: list[float] = []

    class Eyes:
        def render(self, model, data) -> np.ndarray:
            body = model.body("object0").id
            at = model.jnt_qposadr[model.body_jntadr[body]]
            lag_m.append(np.abs(data.xpos[body] - data.qpos[at : at + 3]).max())
            return np.zeros((64, 64, 3), np.uint8)

    rng = np.random.default_rng(0)
    Arena([make("ball_bouncy")], draw_look(rng), Eyes()).interact(
        "strike", PARAMETERS, "near", 0, rng
    )
    assert len(lag_m) == FRAMES
    assert max(lag_m) == 0


def test_states_are_those_of_the_frame_and_velocities_those_of_the_world(make, play) -> None:
    _, dropped = play("drop", make("ball_dead"), height_m=0.12)
    state = dropped.object_state[:, 0]
    falling = int(np.argmin(state[:, 9]))
    moved_m = state[falling, 2] - state[falling - 1, 2]
    mean_m_s = (state[falling, 9] + state[falling - 1, 9]) / 2
    assert moved_m == pytest.approx(mean_m_s / FRAMES_PER_S, abs=0.004)
    np.testing.assert_allclose(np.linalg.norm(state[:, 3:7], axis=1), 1.0, atol=1e-4)


@pytest.mark.parametrize("damage", ["nan", "huge control"])
def test_unstable_physics_is_noticed_and_leaves_no_log_file(make, tmp_path, damage) -> None:
    rng = np.random.default_rng(0)
    arena = Arena([make("box_hollow")], draw_look(rng))

    def sabotage(view, parameters):
        del view, parameters
        while True:
            if damage == "nan":
                arena.data.qpos[0] = np.nan
                yield (0.0,) * 6
            yield (1e30,) * 6

    arena.interact("reach", PARAMETERS, "near", 0, rng, motion=sabotage)
    if damage == "nan":
        assert arena.unstable
        assert arena.warnings > 0
    assert not (tmp_path / "MUJOCO_LOG.TXT").exists()


def test_a_stable_interaction_warns_of_nothing(make, play) -> None:
    arena, _ = play("strike", make("jar_fragile"), speed_m_s=1.2)
    assert (arena.warnings, arena.unstable) == (0, False)


def test_every_interaction_starts_with_whole_objects_on_the_table(make) -> None:
    rng = np.random.default_rng(0)
    arena = Arena([make("jar_fragile", break_impulse_n_s=0.05)], draw_look(rng))
    first = arena.interact("strike", PARAMETERS, "near", 0, rng)
    assert any(event.kind == "break" for event in first.events)
    assert arena.scene.broken == {0}
    second = arena.interact("grasp", PARAMETERS, "near", 0, rng)
    assert not any(event.kind == "break" for event in second.events)
    assert arena.scene.broken == frozenset()


@pytest.mark.parametrize(("primitive", "target"), [("throw", 0), ("push", 1), ("push", -1)])
def test_what_does_not_exist_is_refused(make, primitive, target) -> None:
    rng = np.random.default_rng(0)
    arena = Arena([make("box_hollow")], draw_look(rng))
    with pytest.raises(ValueError, match=r"primitive|no object"):
        arena.interact(primitive, PARAMETERS, "near", target, rng)


def test_still_shows_the_scene_untouched(make) -> None:
    rng = np.random.default_rng(0)
    arena = Arena([make("box_hollow")], draw_look(rng))
    still = arena.still(rng)
    assert still.events == []
    assert still.first_contact_frame == -1
    assert np.ptp(still.object_state, axis=0).max() == 0
    assert isinstance(arena.data, mujoco.MjData)
