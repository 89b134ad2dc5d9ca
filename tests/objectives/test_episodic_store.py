"""The reservoir: everything offered is kept as likely, and the same again by the same numbers."""

import numpy as np
import pytest
import torch

from nsca.data.batch import TaskBatch
from nsca.objectives.episodic_store import EpisodicStore, joined


def windows(first: int, count: int) -> TaskBatch:
    """Numbered in their first action."""
    action = torch.zeros(count, 3, 2)
    action[:, 0, 0] = torch.arange(first, first + count)
    return TaskBatch(
        latent=torch.zeros(count, 3, 4),
        physical=torch.zeros(count, 3, 6),
        action=action,
        step=7,
        task=torch.arange(first, first + count) // 100,
        replayed=torch.zeros(count, dtype=torch.bool),
    )


def store(capacity: int, offered: int, seed: int = 0) -> EpisodicStore:
    made = EpisodicStore(capacity, windows(0, 1))
    for step, first in enumerate(range(0, offered, 10)):
        made.offer(windows(first, 10), np.random.default_rng((seed, step)))
    return made


def numbers(kept: EpisodicStore) -> list[int]:
    return kept.all().action[:, 0, 0].int().tolist()


def test_until_it_is_full_everything_is_kept():
    assert numbers(store(30, 20)) == list(range(20))
    assert len(store(30, 20)) == 20
    assert len(store(30, 100)) == 30


def test_early_and_late_windows_are_kept_as_likely():
    kept = [number for seed in range(40) for number in numbers(store(20, 200, seed))]
    assert len(set(numbers(store(20, 200)))) == 20, "none twice"
    early = np.mean(np.array(kept) < 100)
    assert early == pytest.approx(0.5, abs=0.06)


def test_the_same_random_numbers_keep_the_same():
    assert numbers(store(20, 200)) == numbers(store(20, 200))
    assert numbers(store(20, 200)) != numbers(store(20, 200, seed=1))


def test_it_is_saved_and_restored():
    fresh = EpisodicStore(20, windows(0, 1))
    fresh.load_state_dict(store(20, 200).state_dict())
    assert numbers(fresh) == numbers(store(20, 200))
    assert len(fresh) == 20


def test_windows_are_drawn_once_each_while_there_are_enough():
    kept = store(20, 200)
    drawn = kept.draw(20, np.random.default_rng(0))
    assert sorted(drawn.action[:, 0, 0].int().tolist()) == sorted(numbers(kept))
    assert drawn.replayed.all()
    assert len(kept.draw(50, np.random.default_rng(0))) == 50
    with pytest.raises(ValueError, match="nothing is stored"):
        EpisodicStore(20, windows(0, 1)).draw(1, np.random.default_rng(0))


def test_windows_of_a_task_and_joined_batches():
    kept = store(20, 200)
    assert set(kept.of_tasks([1], 100).task.tolist()) == {1}
    assert len(kept.of_tasks([0, 1], 5)) == 5
    both = joined(windows(0, 3), kept.draw(2, np.random.default_rng(0)))
    assert both.replayed.tolist() == [False] * 3 + [True] * 2
    assert both.step == 7
    with pytest.raises(ValueError, match="capacity"):
        EpisodicStore(0, windows(0, 1))
