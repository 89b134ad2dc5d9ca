"""Every primitive does what its name says, and forces tell what eyes cannot."""

import numpy as np
import pytest

from nsca.worlds.tabletop.interaction import FRAMES, PRIMITIVES
from nsca.worlds.tabletop.kinds import KINDS
from nsca.worlds.tabletop.primitives import CONTROLLERS, grip_yaw_rad, yaw_of

GRASPED = ["box_hollow", "ball_bouncy", "jar_tough", "rod_weighted", "tee_wooden", "ell_foam"]


def way_m(interaction) -> float:
    start, end = interaction.object_state[[0, -1], 0, :2]
    return float(np.hypot(*(end - start)))


def test_the_controllers_are_the_primitives() -> None:
    assert tuple(CONTROLLERS) == PRIMITIVES


@pytest.mark.parametrize("kind", GRASPED)
def test_lift_raises_the_object_in_the_grip_and_keeps_it_there(make, play, kind) -> None:
    _, lifted = play("lift", make(kind))
    height_m = lifted.object_state[:, 0, 2]
    assert height_m[-1] > height_m[0] + 0.08
    assert np.ptp(height_m[-4:]) < 0.003, "it slips"
    assert lifted.touch[-1, :2].min() > 5.0
    assert any(event.kind == "lift" for event in lifted.events)


def test_without_friction_the_same_grip_lifts_nothing(make, play) -> None:
    _, lifted = play("lift", make("box_loaded", friction=0.01))
    assert lifted.object_state[-1, 0, 2] < 0.05
    assert not any(event.kind == "lift" for event in lifted.events)
    assert "could not lift" in lifted.utterance


def test_the_hand_feels_the_weight_of_what_it_holds(make, play) -> None:
    felt = []
    for mass_kg in (0.05, 0.5):
        _, lifted = play("lift", make("box_loaded", mass_kg=mass_kg))
        assert lifted.object_state[-1, 0, 2] > 0.08
        felt.append(float(lifted.proprioception[-3:, 14].mean()))  # z servo's force
    assert felt[0] == pytest.approx(0.05 * 9.81, abs=0.15)
    assert felt[1] == pytest.approx(0.5 * 9.81, abs=0.3)


def test_a_heavy_object_resists_the_strike(make, play) -> None:
    ways = [way_m(play("strike", make("box_loaded", mass_kg=mass))[1]) for mass in (0.05, 1.2)]
    assert ways[0] > 1.2 * ways[1]


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_strike_hits_and_push_moves_every_kind(make, play, kind) -> None:
    _, struck = play("strike", make(kind))
    assert any(
        event.kind == "impulse" and (event.a, event.b) == ("hand", "object0")
        for event in struck.events
    )
    assert struck.first_contact_frame > 0
    _, pushed = play("push", make(kind))
    assert way_m(pushed) > 0.03


def test_push_goes_along_its_direction(make, play) -> None:
    for direction_rad in (-2.5, 0.0, 1.2):
        _, pushed = play("push", make("box_hollow"), direction_rad=direction_rad)
        x, y = pushed.object_state[-1, 0, :2] - pushed.object_state[0, 0, :2]
        assert abs(np.angle(np.exp(1j * (np.arctan2(y, x) - direction_rad)))) < 0.4


def test_reach_touches_gently_and_stays(make, play) -> None:
    _, reached = play("reach", make("box_loaded"))
    assert 0 < reached.first_contact_frame < FRAMES
    assert way_m(reached) < 0.02


def test_shake_swings_the_held_object(make, play) -> None:
    _, shaken = play("shake", make("jar_tough"), direction_rad=0.0)
    swing = shaken.object_state[:, 0, 0]
    assert np.ptp(swing) > 0.03
    assert np.sum(np.diff(np.sign(np.diff(swing[:24]))) != 0) >= 4, "back and forth"
    assert shaken.object_state[-1, 0, 2] > 0.08, "not let go"


def test_drop_lets_it_fall_and_elasticity_shows(make, play) -> None:
    heights = []
    for elasticity in (0.05, 0.8):
        _, dropped = play("drop", make("ball_bouncy", elasticity=elasticity))
        height_m = dropped.object_state[:, 0, 2]
        assert height_m[0] > height_m[-1] + 0.05
        landed = int(np.argmax(height_m < height_m[0] - 0.07))
        heights.append(float(height_m[landed + 1 :].max() - height_m[-1]))
    assert heights[1] > heights[0] + 0.015


@pytest.mark.parametrize("primitive", ["shake", "drop", "lift", "push", "strike"])
def test_from_a_free_start_the_object_is_found(make, play, primitive) -> None:
    _, played = play(primitive, make("box_hollow"), spawn="free")
    assert played.first_contact_frame > 2


def test_yaw() -> None:
    assert yaw_of(np.cos(0.3), 0, 0, np.sin(0.3)) == pytest.approx(0.6)
    assert grip_yaw_rad(2.0) == pytest.approx(2.0 - np.pi)
