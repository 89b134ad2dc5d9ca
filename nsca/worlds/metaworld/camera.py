"""Upright pictures of a Meta-World environment.

metaworld's corner cameras hang upside down (the top edge of their pictures shows what is lowest);
pictures of such a camera are turned by half a turn here. Which ones are is read from the camera's
orientation, not from its name.
"""

import copy
from types import TracebackType

import mujoco
import numpy as np
from jaxtyping import UInt8

from nsca.errors import UserError
from nsca.spelling import advice
from nsca.worlds.rendering import FastRenderer

CAMERA = "corner4"  # sees table, hand and fixtures of all tasks from near, the arm at the left
CAMERA_VERSION = "corner4-upright-1"  # raise the number when the same state gives other pictures
STEEPLY_DOWN = -0.1  # of the up axis' vertical part; a camera that looks straight down has 0


class UprightCamera:
    """Draws one environment from one of metaworld's cameras; the environment stays as it is.

    Args:
        model: of a metaworld environment (`MetaworldBackend.environments[0].model`).
        name: topview, corner, corner2, corner3, corner4, behindGripper or gripperPOV.
        size: edge of the square pictures in pixels.

    Raises:
        UserError: the model has no such camera.
    """

    def __init__(self, model: mujoco.MjModel, name: str = CAMERA, size: int = 192) -> None:
        names = [model.camera(number).name for number in range(model.ncam)]
        if name not in names:
            raise UserError(f"there is no camera '{name}'", advice(name, names, "camera"))
        self._camera = names.index(name)
        self._model = model
        plain = copy.copy(model)
        plain.vis.quality.shadowsize = 0
        plain.vis.quality.offsamples = 0
        self._renderer = FastRenderer(plain, size, size, self._camera)

    def picture(self, data: mujoco.MjData) -> UInt8[np.ndarray, "size size 3"]:
        """What the camera sees; world up is up. `data` is only read."""
        drawn = self._renderer.render(self._model, data)
        up_axis = data.cam_xmat[self._camera].reshape(3, 3)[:, 1]
        return drawn[::-1, ::-1].copy() if up_axis[2] < STEEPLY_DOWN else drawn

    def close(self) -> None:
        """Frees the GL context."""
        self._renderer.close()

    def __enter__(self) -> "UprightCamera":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
