"""Fast offscreen pictures: one GL context for every scene, nothing drawn that a 64x64 frame hides.

`mujoco.Renderer` makes a context per model (90 ms) with shadow maps and multisampling. Uploaded to
the context are only textures, meshes and height fields, so models that declare the same ones in the
same order (MjSpec scenes from one recipe) can share it: a new episode costs a scene update.
`make bench` measures it against `mujoco.Renderer` at default quality.
"""

import copy
import os
import sys
import weakref
from types import TracebackType

import mujoco
import numpy as np
from jaxtyping import UInt8

MAX_GEOMS = 256
SLICES, STACKS, QUADS = 12, 8, 1  # of round and flat shapes; MuJoCo's 28, 16 and 4 cost 2.6x more


def _gl_context(width: int, height: int):
    """The context class of MUJOCO_GL, also where mujoco was imported under another setting."""
    # Mesa's software rasteriser would start a thread a core for each context: pictures this small
    # only lose by it (measured: half the speed), and the cores are the workers'.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    backend = os.environ.get("MUJOCO_GL", "").lower()
    if sys.platform == "linux" and backend == "egl":
        from mujoco.egl import GLContext
    elif sys.platform == "linux" and backend == "osmesa":
        from mujoco.osmesa import GLContext
    else:
        from mujoco import GLContext
    return GLContext(width, height)


def _release(context: mujoco.MjrContext, gl_context) -> None:
    gl_context.make_current()
    context.free()
    gl_context.free()


class FastRenderer:
    """Draws models that share the reference model's textures, materials and meshes.

    No shadows, no reflections, no multisampling, coarse round shapes (at 64x64 the pictures differ
    by less than 1/255 on average from finely cut ones): build the reference model with
    `visual.quality.shadowsize = 0` and `offsamples = 0`, which count when the context is made.

    Args:
        reference_model: declares the assets.
        width, height: picture size in pixels.
        camera: index of the fixed camera to draw from.
    """

    def __init__(
        self, reference_model: mujoco.MjModel, width: int = 64, height: int = 64, camera: int = 0
    ) -> None:
        self._gl = _gl_context(width, height)
        self._gl.make_current()
        coarse = copy.copy(reference_model)  # the buffer's size and how finely shapes are cut
        coarse.vis.global_.offwidth, coarse.vis.global_.offheight = width, height
        quality = coarse.vis.quality
        quality.numslices, quality.numstacks, quality.numquads = SLICES, STACKS, QUADS
        self._context = mujoco.MjrContext(coarse, mujoco.mjtFontScale.mjFONTSCALE_50.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)
        self._scene = mujoco.MjvScene(reference_model, MAX_GEOMS)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._scene.flags[flag] = 0
        self._option = mujoco.MjvOption()
        self._perturb = mujoco.MjvPerturb()
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = camera
        self._viewport = mujoco.MjrRect(0, 0, width, height)
        self._pixels = np.empty((height, width, 3), np.uint8)
        self._assets = _assets(reference_model)
        self._checked: mujoco.MjModel = reference_model
        self._finalizer = weakref.finalize(self, _release, self._context, self._gl)

    def render(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        out: UInt8[np.ndarray, "height width 3"] | None = None,
    ) -> UInt8[np.ndarray, "height width 3"]:
        """One picture of `data`, top row first, into `out` if given.

        Raises:
            RuntimeError: after `close`.
            ValueError: the model's assets differ from the reference model's, so that they would be
                drawn with the wrong textures; or its scene holds more than `MAX_GEOMS` geoms.
        """
        if not self._finalizer.alive:
            raise RuntimeError("the renderer is closed")
        if model is not self._checked:
            if _assets(model) != self._assets:
                raise ValueError("this model's textures or meshes differ from the reference's")
            self._checked = model
        mujoco.mjv_updateScene(
            model,
            data,
            self._option,
            self._perturb,
            self._camera,
            mujoco.mjtCatBit.mjCAT_ALL.value,
            self._scene,
        )
        if self._scene.ngeom >= MAX_GEOMS:
            raise ValueError(f"the scene holds more than {MAX_GEOMS} geoms")
        self._gl.make_current()  # another renderer may have drawn since
        mujoco.mjr_render(self._viewport, self._scene, self._context)
        mujoco.mjr_readPixels(self._pixels, None, self._viewport, self._context)
        if out is None:
            return self._pixels[::-1].copy()
        np.copyto(out, self._pixels[::-1])
        return out

    def close(self) -> None:
        """Frees the GL context; a second call does nothing."""
        self._finalizer()

    def __enter__(self) -> "FastRenderer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _assets(model: mujoco.MjModel) -> tuple:
    """What a context holds of a model, cheap enough to compare for every episode."""
    return (
        model.ntex,
        model.ntexdata,
        model.tex_adr.tobytes(),
        model.nmesh,
        model.nmeshvert,
        model.nhfield,
        model.nskin,
        hash(model.tex_data[::97].tobytes()),
        model.mat_texid.tobytes(),
        model.mat_texrepeat.tobytes(),
        model.mat_texuniform.tobytes(),
    )
