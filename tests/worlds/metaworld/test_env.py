"""The vector environment: seeds, ends, choice of backend."""

import numpy as np
import pytest

from nsca.errors import UserError
from nsca.worlds.metaworld import env as module
from nsca.worlds.metaworld.env import MetaWorldEnvs, choose_backend
from nsca.worlds.metaworld.physics import AlteredPhysics

BACKENDS = ("envpool", "metaworld")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_seed_decides_the_episodes_and_the_goal_is_shown(backend) -> None:
    envs = MetaWorldEnvs("pick-place", 2, backend)
    first, _ = envs.reset(seed=3)
    again, _ = envs.reset(seed=3)
    other, _ = envs.reset(seed=4)
    np.testing.assert_array_equal(first, again)
    assert envs.observation_space.shape == first.shape == (2, 39)
    assert np.abs(first[0] - first[1])[4:6].max() > 1e-3
    assert np.abs(first - other)[:, 4:6].max() > 1e-3
    assert (np.abs(first[:, 36:39]).max(axis=1) > 0.1).all()
    envs.close()


@pytest.mark.parametrize("backend", BACKENDS)
def test_observations_and_rewards_are_of_their_spaces_and_types(backend) -> None:
    envs = MetaWorldEnvs("push", 2, backend)
    envs.action_space.seed(0)
    assert envs.observation_space.contains(envs.reset(seed=0)[0])
    observations, rewards, terminated, truncated, info = envs.step(envs.action_space.sample())
    assert envs.observation_space.contains(observations)
    assert rewards.dtype == np.float64
    assert terminated.dtype == truncated.dtype == info["success"].dtype == bool


def test_the_two_backends_agree_on_what_a_seed_is() -> None:
    starts = [MetaWorldEnvs("push", 2, backend).reset(seed=11)[0] for backend in BACKENDS]
    np.testing.assert_allclose(starts[0][:, :7], starts[1][:, :7], atol=1e-4)


def test_episodes_without_a_seed_differ() -> None:
    envs = MetaWorldEnvs("push", 1)
    assert np.abs(envs.reset()[0] - envs.reset()[0]).max() > 1e-3


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_end_is_reported_and_nothing_goes_on_after_it(backend) -> None:
    envs = MetaWorldEnvs("reach", 1, backend, max_steps=3)
    with pytest.raises(RuntimeError, match="reset"):
        envs.step(np.zeros((1, 4)))
    envs.reset(seed=0)
    ends = [envs.step(np.full((1, 4), 9.0))[2:4] for _ in range(3)]
    assert [bool(truncated[0]) for _, truncated in ends] == [False, False, True]
    assert not any(terminated[0] for terminated, _ in ends)
    with pytest.raises(RuntimeError, match="reset"):
        envs.step(np.zeros((1, 4)))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UserError, match="no backend 'fast'"):
        MetaWorldEnvs("reach", backend="fast")
    with pytest.raises(UserError, match="cannot alter"):
        MetaWorldEnvs("reach", backend="envpool", physics=AlteredPhysics(gravity=0.5))
    with pytest.raises(ValueError, match="within 1 to 500"):
        MetaWorldEnvs("reach", max_steps=501)
    with pytest.raises(ValueError, match="as many seeds"):
        MetaWorldEnvs("reach", 2).reset(seed=[1])


def test_without_envpool_metaworld_runs_with_a_notice(monkeypatch, capsys) -> None:
    monkeypatch.setattr(module, "envpool_is_here", lambda: False)
    MetaWorldEnvs("push", physics=AlteredPhysics(mass=2.0))
    assert not capsys.readouterr().err, "it could not have helped"
    assert choose_backend("push-v3", "auto", AlteredPhysics()) == "metaworld"
    assert "envpool is not installed" in capsys.readouterr().err
    assert MetaWorldEnvs("push").backend == "metaworld"
    assert not capsys.readouterr().err, "once is enough"
    with pytest.raises(UserError, match="not installed"):
        choose_backend("push-v3", "envpool", AlteredPhysics())


def test_auto_takes_the_backend_that_can_do_it() -> None:
    assert choose_backend("push-v3", "auto", AlteredPhysics()) == "envpool"
    assert choose_backend("push-v3", "auto", AlteredPhysics(mass=2.0)) == "metaworld"
    assert choose_backend("dial-turn-v3", "auto", AlteredPhysics()) == "metaworld"


def test_what_is_halted_rests_on_the_slow_backend_and_the_others_do_not_notice() -> None:
    envs = MetaWorldEnvs("push", 2, "metaworld")
    envs.reset(seed=5)
    alone = [envs.step(np.full((2, 4), 0.5))[0] for _ in range(6)]
    envs.reset(seed=5)
    for _ in range(3):
        kept = envs.step(np.full((2, 4), 0.5))[0]
    envs.halt(np.array([True, False]))
    for _ in range(3):
        seen = envs.step(np.full((2, 4), 0.5))[0]
    np.testing.assert_array_equal(seen[0], kept[0])
    np.testing.assert_array_equal(seen[1], alone[-1][1])
    envs.reset(seed=5)
    np.testing.assert_array_equal(envs.step(np.full((2, 4), 0.5))[0], alone[0], "a reset ends it")
    envs.close()
