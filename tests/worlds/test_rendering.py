"""The fast renderer: right pictures, one context for many models, a clean end."""

import subprocess
import sys

import numpy as np
import pytest

from nsca.worlds import gl

SCENE = """
import mujoco

def scene(red, blue, x_m, squares=4):
    spec = mujoco.MjSpec()
    spec.visual.quality.shadowsize = 0
    spec.visual.quality.offsamples = 0
    spec.visual.global_.offwidth = spec.visual.global_.offheight = 64
    spec.add_texture(
        name="floor", type=mujoco.mjtTexture.mjTEXTURE_2D, width=32, height=32,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER, rgb1=[1, 1, 1], rgb2=[squares / 8] * 3,
    )
    material = spec.add_material(name="floor")
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    world = spec.worldbody
    world.add_light(pos=[0, 0, 3], dir=[0, 0, -1])
    world.add_camera(pos=[0, 0, 2])
    world.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[2, 2, 0.1], material="floor")
    world.add_geom(
        type=mujoco.mjtGeom.mjGEOM_SPHERE,
        size=[0.2] * 3, pos=[x_m, 0.3, 0.2],
        rgba=[red, 0, blue, 1],
    )
    return spec.compile()
"""
namespace: dict = {}


@pytest.fixture(scope="module")
def scene():
    if gl.choose_backend().backend is None:
        pytest.skip("no GL backend draws here")
    exec(SCENE, namespace)  # noqa: S102 - the same text runs in a child process below
    return namespace["scene"]


def picture(renderer, model) -> np.ndarray:
    import mujoco

    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return renderer.render(model, data)


def test_models_of_one_recipe_share_the_context_and_come_out_right_side_up(scene) -> None:
    from nsca.worlds.rendering import FastRenderer

    with FastRenderer(scene(1, 0, 0.0)) as renderer:
        red = picture(renderer, scene(1, 0, -0.3)).astype(int)
        blue = picture(renderer, scene(0, 1, 0.3)).astype(int)
    ball_red = (red[..., 0] > 2 * red[..., 2]).nonzero()
    ball_blue = (blue[..., 2] > 2 * blue[..., 0]).nonzero()
    assert red.shape == (64, 64, 3)
    assert len(ball_red[0]) > 20
    assert len(ball_blue[0]) > 20
    assert ball_red[1].mean() < 28 < 36 < ball_blue[1].mean()  # left, right
    assert ball_red[0].mean() < 30  # y up in the world is up in the picture


def test_it_agrees_with_mujocos_renderer_on_a_scene_without_shadows(
    scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mujoco

    from nsca.worlds import rendering
    from nsca.worlds.rendering import FastRenderer

    # whoever imported mujoco first decided which context it makes
    monkeypatch.setattr("mujoco.gl_context.GLContext", rendering._gl_context)

    model = scene(1, 0, 0.2)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with FastRenderer(model) as renderer:
        ours = renderer.render(model, data)
    plain = mujoco.Renderer(model, 64, 64)
    plain.update_scene(data, 0)
    theirs = plain.render()
    plain.close()
    assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 1.0


def test_writing_into_a_given_array(scene) -> None:
    import mujoco

    from nsca.worlds.rendering import FastRenderer

    model = scene(1, 0, 0.2)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    frames = np.zeros((2, 64, 64, 3), np.uint8)
    with FastRenderer(model) as renderer:
        renderer.render(model, data, out=frames[1])
        assert (frames[1] == renderer.render(model, data)).all()
    assert not frames[0].any()


def test_other_textures_are_refused(scene) -> None:
    from nsca.worlds.rendering import FastRenderer

    with FastRenderer(scene(1, 0, 0.0)) as renderer, pytest.raises(ValueError, match="textures"):
        picture(renderer, scene(1, 0, 0.0, squares=2))


def test_pictures_of_any_size(scene) -> None:
    from nsca.worlds.rendering import FastRenderer

    model = scene(1, 0, 0.0)
    with FastRenderer(model, 96, 32) as renderer:
        wide = picture(renderer, model)
    assert wide.shape == (32, 96, 3)
    assert (wide[..., 0] > 2 * wide[..., 2].astype(int)).any()
    assert model.vis.global_.offwidth == 64  # the model itself is left as it was


def test_a_closed_renderer_says_so(scene) -> None:
    from nsca.worlds.rendering import FastRenderer

    renderer = FastRenderer(scene(1, 0, 0.0))
    renderer.close()
    renderer.close()
    with pytest.raises(RuntimeError, match="closed"):
        picture(renderer, scene(1, 0, 0.0))


def test_a_forgotten_renderer_ends_without_a_word(scene) -> None:
    code = SCENE + (
        "from nsca.worlds.rendering import FastRenderer\nkept = FastRenderer(scene(1, 0, 0.0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stderr == ""
