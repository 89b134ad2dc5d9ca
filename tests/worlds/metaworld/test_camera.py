"""Pictures are upright: what falls moves down in them, and the hand is above the table."""

import mujoco
import numpy as np
import pytest

from nsca.errors import UserError
from nsca.worlds import gl
from nsca.worlds.metaworld.backends import MetaworldBackend
from nsca.worlds.metaworld.camera import CAMERA, CAMERA_VERSION, UprightCamera
from nsca.worlds.metaworld.physics import AlteredPhysics

CORNERS = ("corner", "corner2", "corner3", "corner4")


@pytest.fixture(scope="module", autouse=True)
def drawing() -> None:
    if gl.choose_backend().backend is None:
        pytest.skip("no GL backend draws here")


@pytest.fixture
def environment():
    backend = MetaworldBackend("pick-place-v3", 1, AlteredPhysics())
    backend.reset([3])
    return backend.environments[0]


def drawn(camera: UprightCamera, environment, place_m: list[float]) -> np.ndarray:
    environment._set_obj_xyz(np.array(place_m))
    mujoco.mj_forward(environment.model, environment.data)
    return camera.picture(environment.data).astype(int)


def middle(picture: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Row and column of the middle of what differs."""
    where = np.abs(picture - background).max(axis=2) > 30
    assert where.sum() >= 4
    return np.argwhere(where).mean(axis=0)


@pytest.mark.parametrize("name", CORNERS)
def test_what_falls_moves_down_in_the_picture(name: str, environment) -> None:
    with UprightCamera(environment.model, name) as camera:
        without = drawn(camera, environment, [0.0, 0.7, -5.0])
        high = middle(drawn(camera, environment, [0.0, 0.8, 0.3]), without)
        for _ in range(15):
            environment.step(np.zeros(4, np.float32))
        assert environment._get_pos_objects()[2] < 0.2
        place = [float(each) for each in environment._get_pos_objects()]
        without = drawn(camera, environment, [0.0, 0.7, -5.0])
        low = middle(drawn(camera, environment, place), without)
    assert low[0] > high[0] + 10  # rows count from the top
    assert abs(low[1] - high[1]) < 10


def test_the_chosen_camera_shows_the_table_below_the_hand(environment) -> None:
    assert CAMERA in CORNERS
    assert CAMERA_VERSION.startswith(CAMERA)
    with UprightCamera(environment.model) as camera:
        picture = camera.picture(environment.data).astype(int)
    red, green, blue = np.moveaxis(picture, 2, 0)
    cyan = np.argwhere((green > red + 80) & (blue > red + 80))  # a finger
    wood = np.argwhere((red > green + 10) & (green > blue + 10) & (green > 50))
    assert len(cyan) > 10
    assert len(wood) > 1000
    assert cyan[:, 0].mean() + 20 < wood[:, 0].mean()


def test_a_picture_leaves_the_episode_as_it_is(environment) -> None:
    before = environment.data.qpos.copy(), environment.data.xpos.copy()
    shadows = environment.model.vis.quality.shadowsize
    with UprightCamera(environment.model, size=32) as camera:
        assert camera.picture(environment.data).shape == (32, 32, 3)
    np.testing.assert_array_equal(before[0], environment.data.qpos)
    np.testing.assert_array_equal(before[1], environment.data.xpos)
    assert environment.model.vis.quality.shadowsize == shadows


def test_what_hangs_upright_is_not_turned(environment) -> None:
    """Seen from behind the hand, the arm comes from above."""
    with UprightCamera(environment.model, "behindGripper") as camera:
        picture = camera.picture(environment.data).astype(int)
    red = (picture[..., 0] > 2 * picture[..., 1]) & (picture[..., 0] > 90)
    assert red[:64].sum() > 4 * red[-64:].sum()


def test_an_unknown_camera_is_answered_with_the_nearest(environment) -> None:
    with pytest.raises(UserError, match="no camera 'corner5'") as failure:
        UprightCamera(environment.model, "corner5")
    assert "corner" in failure.value.remedy
