"""Episodes as stable-baselines3 wants them: seeded one by one, and truncated, never over."""

import numpy as np
import pytest

from nsca.benchmarks.few_shot_setting import Setting
from nsca.benchmarks.training_episodes import TrainingEpisodes
from nsca.worlds.metaworld.env import MetaWorldEnvs
from nsca.worlds.metaworld.episode_seeds import episode_seeds

STILL = np.zeros((2, 4), np.float32)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The seeds of all episodes that begin in this test."""
    seeds: list[int] = []
    reset = MetaWorldEnvs.reset

    def noted(self, *, seed=None, options=None):
        seeds.extend(seed)
        return reset(self, seed=seed, options=options)

    monkeypatch.setattr(MetaWorldEnvs, "reset", noted)
    return seeds


def test_every_episode_is_another_and_none_is_one_of_evaluation(asked: list[int]):
    episodes = TrainingEpisodes(Setting("reach-v3"), 3, 2, max_steps=2)
    episodes.reset()
    for _ in range(4):
        episodes.step(STILL)
    episodes.close()
    assert asked == episode_seeds("reach-v3", "demonstrations", 3, 6)
    assert len(set(asked)) == 6
    assert not set(asked) & set(episode_seeds("reach-v3", "evaluation", 3, 1000))


def test_it_goes_on_with_the_episode_after_those_begun(asked: list[int]):
    episodes = TrainingEpisodes(Setting("reach-v3"), 3, 2, begun=4)
    episodes.reset()
    episodes.close()
    assert asked == episode_seeds("reach-v3", "demonstrations", 3, 2, first=4)
    assert episodes.begun == 6


def test_the_end_is_a_truncation_with_the_last_observation_kept():
    episodes = TrainingEpisodes(Setting("reach-v3"), 0, 2, max_steps=2)
    first = episodes.reset()
    _, _, ended, infos = episodes.step(STILL)
    assert not ended.any()
    assert infos == [{}, {}]
    observed, rewards, ended, infos = episodes.step(STILL)
    episodes.close()
    assert ended.all()
    assert (rewards > 0).all()
    assert observed.dtype == np.float32
    goals = [places[:, 36:] for places in (first, observed)]
    assert not np.array_equal(*goals)
    for info, goal in zip(infos, goals[0], strict=True):
        assert info["TimeLimit.truncated"]
        np.testing.assert_array_equal(info["terminal_observation"][36:], goal)


def test_nothing_reaches_into_the_episodes():
    episodes = TrainingEpisodes(Setting("reach-v3"), 0, 1)
    with pytest.raises(RuntimeError, match="no action"):
        episodes.step_wait()
    with pytest.raises(NotImplementedError):
        episodes.set_attr("max_steps", 3)
    with pytest.raises(NotImplementedError):
        episodes.env_method("reset")
    assert episodes.get_attr("max_steps") == [500]
    assert episodes.env_is_wrapped(object) == [False]
    episodes.close()
