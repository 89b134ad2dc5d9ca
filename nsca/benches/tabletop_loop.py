"""The plain loop over our own tabletop scene: physics and `mujoco.Renderer`, one process.

The scenes are those of babbling: one to three objects of set A standing on the table, a hand over
them, with MuJoCo's default visual quality put back (a casting light, shadow maps of 4096 pixels, 4
samples a pixel). Scenes and renderers exist before the clock starts; there is no sound, no
controller and no writing, so the loop does less than babbling does. `--fast` measures the same loop
with our renderer: what the renderer alone is worth.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from nsca.benches.measurement import rate
from nsca.worlds.gl import require_backend

SCENES = 6
HOLD_FRAMES = 8
HIGHEST_M = 0.2  # of the hand's targets
DEFAULT_SHADOW_SIZE = 4096
DEFAULT_SAMPLES = 4

if TYPE_CHECKING:
    import mujoco
    from numpy.random import Generator


def placed_scene(number: int, rng: "Generator") -> "tuple[mujoco.MjModel, mujoco.MjData]":
    """A scene as babbling starts one; 1, 2 and 3 objects in turn, which it draws equally often."""
    import mujoco

    from nsca.worlds.tabletop.appearance import draw_look
    from nsca.worlds.tabletop.episode import draw_objects
    from nsca.worlds.tabletop.interaction import MAX_OBJECTS
    from nsca.worlds.tabletop.scene import build_scene
    from nsca.worlds.tabletop.spawning import draw_poses, stand

    objects = draw_objects("A", f"bench-{number}", rng, n_objects=1 + number % MAX_OBJECTS)
    scene = build_scene(objects, draw_look(rng))
    data = mujoco.MjData(scene.model)
    stand(scene, data, draw_poses(objects, 0, 0.0, rng))
    data.qpos[2] = data.ctrl[2] = HIGHEST_M  # the hand stays up
    mujoco.mj_forward(scene.model, data)
    return scene.model, data


def frames_per_second(seconds: float, fast: bool) -> float:
    """Frames/s of physics for one frame, then one 64x64 picture.

    Args:
        seconds: how long to measure.
        fast: draw with our renderer and its settings instead of `mujoco.Renderer` and the defaults.

    Raises:
        UserError: no GL backend can draw here.
    """
    require_backend()
    import mujoco
    import numpy as np

    from nsca.worlds.rendering import FastRenderer
    from nsca.worlds.tabletop.hand import LOWEST_GRIP_M
    from nsca.worlds.tabletop.interaction import IMAGE_SIZE, STEPS_PER_FRAME
    from nsca.worlds.tabletop.scene import reference_model

    def plain_picture(renderer: mujoco.Renderer, data: mujoco.MjData) -> np.ndarray:
        renderer.update_scene(data, camera=0)
        return renderer.render()

    rng = np.random.default_rng(0)
    shared = FastRenderer(reference_model(), IMAGE_SIZE, IMAGE_SIZE) if fast else None
    scenes, renderers = [], [] if shared is None else [shared]
    for number in range(SCENES):
        model, data = placed_scene(number, rng)
        if shared is not None:
            draw = partial(shared.render, model, data)
        else:
            model.light_castshadow[:] = 1
            model.vis.quality.shadowsize = DEFAULT_SHADOW_SIZE
            model.vis.quality.offsamples = DEFAULT_SAMPLES
            renderer = mujoco.Renderer(model, IMAGE_SIZE, IMAGE_SIZE)
            renderers.append(renderer)
            draw = partial(plain_picture, renderer, data)
        scenes.append((model, data, draw))

    def hold(model: mujoco.MjModel, data: mujoco.MjData, draw: Callable[[], object]) -> int:
        """Drive the hand to a random place for a while, one picture a frame."""
        data.ctrl[:] = rng.uniform(-0.1, 0.1, model.nu)
        data.ctrl[2] = rng.uniform(LOWEST_GRIP_M, HIGHEST_M)  # over the table, not pressed into it
        for _ in range(HOLD_FRAMES):
            mujoco.mj_step(model, data, STEPS_PER_FRAME)
            draw()
        return HOLD_FRAMES

    for scene in scenes:
        hold(*scene)
    turns = cycle(scenes)
    frames = rate(lambda: hold(*next(turns)), seconds)
    for renderer in renderers:
        renderer.close()
    return frames


def main() -> None:
    """Print the figure as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--fast", action="store_true", help="our renderer instead of MuJoCo's")
    options = parser.parse_args()
    print(json.dumps({"frames_per_s": frames_per_second(options.seconds, options.fast)}))


if __name__ == "__main__":
    main()
