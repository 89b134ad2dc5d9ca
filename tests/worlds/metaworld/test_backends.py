"""EnvPool against metaworld's own environments: same seeds, same episodes."""

import gc
import weakref

import mujoco
import numpy as np
import pytest

from nsca.worlds.metaworld.backends import EnvPoolBackend, MetaworldBackend, envpool_is_here
from nsca.worlds.metaworld.episode_seeds import episode_seeds
from nsca.worlds.metaworld.experts import Expert
from nsca.worlds.metaworld.physics import AlteredPhysics

pytestmark = pytest.mark.skipif(not envpool_is_here(), reason="envpool is not installed")
NOW, BEFORE = slice(0, 18), slice(18, 36)  # hand, gripper and two objects; the goal is the rest


@pytest.mark.parametrize("task", ["pick-place-v3", "hammer-v3", "drawer-open-v3", "assembly-v3"])
def test_both_backends_play_the_same_episode(task) -> None:
    """Same observations at the start, and the same actions lead to the same ones and to rewards.

    All 39 columns: metres, quaternions and the gripper's opening. tests/slow plays every task.
    """
    seeds = episode_seeds(task, "tuning", 0, 2)
    fast = EnvPoolBackend(task, threads=1, max_steps=500)
    slow = MetaworldBackend(task, 2, AlteredPhysics())
    seen, reference = fast.reset(seeds), slow.reset(seeds)
    np.testing.assert_allclose(seen, reference, atol=1e-3)
    expert, gaps = Expert(task), []
    succeeded = [np.zeros(2, bool), np.zeros(2, bool)]
    for _ in range(120):
        actions, earlier = expert(seen), seen
        (seen, reward, success), (other, other_reward, other_success) = (
            fast.step(actions),
            slow.step(actions),
        )
        np.testing.assert_allclose(seen, other, atol=0.03)
        np.testing.assert_array_equal(seen[:, BEFORE], earlier[:, NOW])
        gaps.append(np.abs(reward - other_reward))
        succeeded[0] |= success
        succeeded[1] |= other_success
    assert np.mean(gaps) < 0.1, "of rewards from 0 to 10; single steps differ where contacts do"
    np.testing.assert_array_equal(*succeeded)
    assert succeeded[0].all()
    fast.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda: EnvPoolBackend("push-v3", 1, 500),
        lambda: MetaworldBackend("push-v3", 2, AlteredPhysics()),
    ],
)
def test_the_same_seed_is_the_same_episode_and_another_is_another(make) -> None:
    backend = make()
    first, again = backend.reset([5, 6]), backend.reset([5, 9])
    np.testing.assert_array_equal(first[0], again[0])
    assert np.abs(first[1] - again[1]).max() > 0.01
    backend.close()


def test_a_copied_model_plays_as_a_compiled_one_and_altering_it_reaches_no_other() -> None:
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    heavy = MetaworldBackend("stick-pull-v3", 1, AlteredPhysics(mass=3.0)).environments[0]
    ours = MetaworldBackend("stick-pull-v3", 1, AlteredPhysics()).environments[0]
    compiled = ALL_V3_ENVIRONMENTS["stick-pull-v3"]()
    np.testing.assert_array_equal(ours.model.body_mass, compiled.model.body_mass)
    assert heavy.model.body_mass[-1] > 2.9 * compiled.model.body_mass[-1]
    moved = []
    for model in (ours.model, compiled.model):
        data = mujoco.MjData(model)
        data.qvel[:] = 0.1
        mujoco.mj_step(model, data, nstep=100)
        moved.append(data.qpos.copy())
    np.testing.assert_array_equal(*moved)


def test_touch_is_what_metaworld_says() -> None:
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    backend = MetaworldBackend("pick-place-v3", 1, AlteredPhysics())
    seen, expert = backend.reset([3]), Expert("pick-place-v3")
    environment, touched = backend.environments[0], []
    theirs = ALL_V3_ENVIRONMENTS["pick-place-v3"].touching_object
    block = environment._get_id_main_object()
    for _ in range(60):
        seen = backend.step(expert(seen))[0]
        touched.append(environment.touching_object(block))
        assert touched[-1] == theirs(environment, block)
    assert 10 < sum(touched) < 50


def test_closed_environments_are_freed() -> None:
    gc.disable()
    try:
        backend = MetaworldBackend("push-v3", 1, AlteredPhysics())
        backend.reset([1])
        kept = weakref.ref(backend.environments[0])
        backend.close()
        assert kept() is None
    finally:
        gc.enable()
