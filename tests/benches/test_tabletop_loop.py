"""The plain loop runs over our scenes, with MuJoCo's renderer and with ours."""

import mujoco
import numpy as np
import pytest

from nsca.benches.measurement import figures_in_own_process
from nsca.benches.tabletop_loop import SCENES, placed_scene
from nsca.worlds.gl import probe
from nsca.worlds.tabletop.interaction import MAX_OBJECTS


def test_the_scenes_are_as_babbling_has_them():
    rng = np.random.default_rng(0)
    counts = []
    for number in range(SCENES):
        model, data = placed_scene(number, rng)
        joints = [model.body(model.jnt_bodyid[joint]).name for joint in range(model.njnt)]
        counts.append(sum(name.startswith("object") for name in joints))
        deepest_m = min(data.contact.dist, default=0.0)
        assert deepest_m > -0.002, "something was put inside another"
        before_m = data.qpos[6:].reshape(-1, 7)[:, :3].copy()
        mujoco.mj_step(model, data, 40)
        moved_m = np.abs(data.qpos[6:].reshape(-1, 7)[:, :3] - before_m)
        assert moved_m.max() < 0.005, "objects stand on the table"
    assert sorted(set(counts)) == list(range(1, MAX_OBJECTS + 1))
    assert np.mean(counts) == (1 + MAX_OBJECTS) / 2  # babbling's mean


@pytest.mark.slow
@pytest.mark.parametrize("renderer", [[], ["--fast"]])
def test_it_draws(renderer: list[str]):
    if probe().backend is None:
        pytest.skip("no GL backend draws here")
    figures = figures_in_own_process("nsca.benches.tabletop_loop", "--seconds", "0.2", *renderer)
    assert figures["frames_per_s"] > 1.0
