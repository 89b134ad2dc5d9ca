"""The physics obeys the hidden properties: measured trajectories, not parameters read back."""

from collections.abc import Sequence

import mujoco
import numpy as np
import pytest

from nsca.worlds.tabletop.appearance import draw_look
from nsca.worlds.tabletop.breaking import break_object
from nsca.worlds.tabletop.interaction import PHYSICS_DT_S
from nsca.worlds.tabletop.kinds import KINDS, ObjectInstance, draw_instance
from nsca.worlds.tabletop.scene import Scene, build_scene, reference_model
from nsca.worlds.tabletop.spawning import Pose, stand


def placed(objects: Sequence[ObjectInstance]) -> tuple[Scene, mujoco.MjData]:
    scene = build_scene(objects, draw_look(np.random.default_rng(0)))
    data = mujoco.MjData(scene.model)
    data.qpos[2] = data.ctrl[2] = 1.0  # the hand far above
    stand(scene, data, [Pose(0.0, 0.0, 0.0)] * len(objects))
    return scene, data


def run(scene: Scene, data: mujoco.MjData, steps: int) -> np.ndarray:
    """qpos and qvel of the only object, step by step: [step, 13]."""
    at, moving = scene.position_address[0], scene.velocity_address[0]
    rows = []
    for _ in range(steps):
        mujoco.mj_step(scene.model, data)
        rows.append([*data.qpos[at : at + 7], *data.qvel[moving : moving + 6]])
    return np.array(rows)


@pytest.mark.parametrize("kind", ["ball_bouncy", "egg_stone", "box_hollow"])
@pytest.mark.parametrize("elasticity", [0.1, 0.45, 0.8])
def test_a_dropped_object_rebounds_as_its_elasticity_says(make, kind, elasticity) -> None:
    scene, data = placed([make(kind, elasticity=elasticity)])
    data.qpos[scene.position_address[0] + 2] += 0.1
    vertical = run(scene, data, 200)[:, 9]
    impact = int(np.argmin(vertical))
    measured = max(vertical[impact:].max(), 0.0) / -vertical.min()
    assert measured == pytest.approx(elasticity, abs=0.13)


@pytest.mark.parametrize("gravity", [0.0, 0.25, 2.0])
def test_things_fall_as_gravity_says_broken_or_whole(make, gravity) -> None:
    look = draw_look(np.random.default_rng(0))
    scene = build_scene([make("jar_fragile")], look, gravity=gravity)
    data = mujoco.MjData(scene.model)
    data.qpos[scene.position_address[0] + 2] += 0.2
    mujoco.mj_forward(scene.model, data)
    for model, state in ((scene, data), break_object(scene, data, 0, np.random.default_rng(0))):
        assert model.gravity == gravity
        before = state.qvel[model.velocity_address[0] + 2]
        mujoco.mj_step(model.model, state)
        gained = state.qvel[model.velocity_address[0] + 2] - before
        assert gained == pytest.approx(-9.81 * gravity * PHYSICS_DT_S, abs=1e-4)


def test_friction_stops_a_sliding_box_within_the_distance_of_coulomb(make) -> None:
    for friction in (0.15, 0.4, 1.0):
        scene, data = placed([make("slab_sticky", friction=friction)])
        data.qvel[scene.velocity_address[0]] = 0.5
        way_m = run(scene, data, 600)[-1, 0]
        assert way_m == pytest.approx(min(0.5**2 / (2 * 9.81 * friction), 0.15), rel=0.2)


def test_rolling_resistance_stops_a_ball_and_its_absence_does_not(make) -> None:
    ways = []
    for rolling_m in (0.0, 0.002, 0.008):
        ball = make("ball_bouncy", rolling_m=rolling_m)
        scene, data = placed([ball])
        radius_m = 0.45 * ball.size_m
        data.qvel[scene.velocity_address[0]] = 0.12
        data.qvel[scene.velocity_address[0] + 4] = 0.12 / radius_m
        ways.append(run(scene, data, 400)[-1, 0])
    assert ways[0] > 0.1
    assert ways[0] > 1.5 * ways[1] > 2 * ways[2]


def test_an_off_centre_weight_lies_where_it_should_and_turns_a_pushed_box(make) -> None:
    turned = []
    for offset in (0.0, 0.6):
        box = make("block_lopsided", offset=offset)
        scene, data = placed([box])
        expected_m = 0.6 * 0.45 * box.size_m * offset
        assert scene.model.body_ipos[scene.body[0], 0] == pytest.approx(expected_m, abs=1e-6)
        assert scene.model.body_mass[scene.body[0]] == pytest.approx(box.mass_kg)
        data.xfrc_applied[scene.body[0], 1] = 1.2 * box.mass_kg * 9.81
        # a force through the middle of the box, not through its centre of mass
        data.xfrc_applied[scene.body[0], 5] = -expected_m * 1.2 * box.mass_kg * 9.81
        turned.append(abs(run(scene, data, 60)[-1, 6]))
    assert turned[0] < 0.02
    assert turned[1] > 0.1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_comes_to_rest_and_stays_where_it_stands(kind) -> None:
    scene, data = placed([draw_instance(kind, "x", np.random.default_rng(3))])
    states = run(scene, data, 400)
    start = scene.objects[0].shape.half_z * scene.objects[0].size_m
    assert np.abs(states[-100:, 7:]).max() < 0.1
    assert np.hypot(*states[-1, :2]) < 0.002
    assert abs(states[-1, 2] - start) < 0.001


def test_all_models_declare_the_same_assets_and_neither_shadows_nor_multisampling(make) -> None:
    scene, _ = placed([make("jar_fragile"), make("ball_dead")])
    broken = build_scene(scene.objects, scene.look, frozenset({0}))
    reference = reference_model()
    for model in (scene.model, broken.model):
        assert model.tex_data.tobytes() == reference.tex_data.tobytes()
        assert model.mat_texid.tobytes() == reference.mat_texid.tobytes()
        assert (model.vis.quality.shadowsize, model.vis.quality.offsamples) == (0, 0)


def test_hidden_weights_and_feet_are_not_drawn(make) -> None:
    scene, _ = placed([make("puck_bouncy", offset=0.5)])
    mine = [geom for geom, entity in enumerate(scene.geom_entity) if entity == 2]
    drawn = [geom for geom in mine if scene.model.geom_group[geom] <= 2]
    assert len(drawn) == 1
    assert len(mine) == 10  # the cylinder, eight feet, the weight
