"""Seeds: the same episode from the same seed, never one shared by two purposes."""

import numpy as np
import pytest

from nsca.worlds.metaworld.episode_seeds import PURPOSES, EpisodeDraws, episode_seeds, spread


def test_no_two_purposes_tasks_or_seeds_share_an_episode() -> None:
    found: list[int] = []
    for task in ("push-v3", "hammer-v3"):
        for purpose in PURPOSES:
            for seed in range(3):
                found += episode_seeds(task, purpose, seed, 100)
    assert len(set(found)) == len(found)
    assert min(found) >= 0
    assert max(found) < 2**31


def test_an_episode_does_not_depend_on_how_many_are_asked_for() -> None:
    many = episode_seeds("push-v3", "evaluation", 4, 10)
    assert episode_seeds("push-v3", "evaluation", 4, 3, first=5) == many[5:8]


def test_neighbouring_seeds_of_a_vector_share_no_episode() -> None:
    """EnvPool's own seed + index would: environment 1 of seed 3 is environment 0 of seed 4."""
    assert not set(spread(3, 50)) & set(spread(4, 50))


def test_an_unknown_purpose_is_refused() -> None:
    with pytest.raises(ValueError, match="one of demonstrations"):
        episode_seeds("push-v3", "test", 0, 1)


def test_draws_are_those_of_mt19937() -> None:
    """With its default seed 5489 std::mt19937 puts out 3499211612, then 581869302."""
    expected = (3499211612 + 581869302 * 2.0**32) / 2.0**64
    draws = EpisodeDraws(5489)
    low, high = np.array([-1.0]), np.array([3.0])
    assert draws.uniform(low, high)[0] == pytest.approx(expected * 4.0 - 1.0, abs=1e-15)
    second = draws.uniform(np.zeros(2), np.ones(2))
    draws.restart()
    whole = draws.uniform(np.zeros(3), np.ones(3))
    np.testing.assert_array_equal(whole[1:], second)
