import pytest
import torch
from torch import nn
from two_lines import SquaredError, no_retraining, play_both

from nsca.continual.dark_replay import DarkReplay
from nsca.continual.method import Naive, Samples


def replay(memory: int = 32, alpha: float = 0.5, beta: float = 0.5, batch: int = 32) -> DarkReplay:
    return DarkReplay(SquaredError(), memory, alpha, beta, batch)


def test_it_forgets_a_tenth_of_what_naive_training_forgets():
    held, naive = play_both(replay()), play_both(Naive())
    assert held["before"] == naive["before"]
    assert held["after"] < 0.1 * naive["after"]
    assert held["second"] < 0.01


def test_both_terms_by_hand():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 3.0)
    method = replay(memory=4, alpha=0.5, beta=0.25)
    # a single sample again and again: input 1, target 0, answered with 2 while it was learned
    one = Samples(torch.ones(2, 1), torch.zeros(2, 1))
    method.observe(one, torch.full((2, 1), 2.0))
    assert method.extra_loss(model) is None
    method.finish(model, one, no_retraining)
    expected = 0.5 * (3 - 2) ** 2 + 0.25 * 0.5 * (3 - 0) ** 2
    assert method.extra_loss(model).item() == pytest.approx(expected)


def test_the_reservoir_keeps_every_sample_of_the_stream_as_likely():
    counts = torch.zeros(40)
    for seed in range(300):
        method = DarkReplay(SquaredError(), 8, 1.0, 1.0, 1, seed)
        for start in range(0, 40, 5):
            rows = torch.arange(start, start + 5, dtype=torch.float32)[:, None]
            method.observe(Samples(rows, rows), rows)
        kept = torch.stack([stored[0] for stored in method._stored]).flatten()
        assert len(kept) == len(kept.unique()) == 8
        counts[kept.long()] += 1
    # 300 draws of 8 out of 40: 60 each, deviation 7
    assert counts.min() > 60 - 4 * 7
    assert counts.max() < 60 + 4 * 7
    assert counts[:20].mean().item() == pytest.approx(60, abs=4)
