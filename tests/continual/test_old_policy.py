import pytest
import torch
from torch import nn
from two_lines import SquaredError, no_retraining, play_both

from nsca.continual.method import Naive, Samples
from nsca.continual.old_policy import OldPolicyCloning


def test_it_forgets_a_tenth_of_what_naive_training_forgets():
    method = OldPolicyCloning(SquaredError(), memory=32, strength=1.0, batch=32)
    held, naive = play_both(method), play_both(Naive())
    assert held["before"] == naive["before"]
    assert held["after"] < 0.1 * naive["after"]
    assert held["second"] < 0.01


def test_the_divergence_by_hand():
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 2.0)
    method = OldPolicyCloning(SquaredError(), memory=8, strength=3.0, batch=4)
    assert method.extra_loss(model) is None
    # answers count, not targets
    method.finish(model, Samples(torch.ones(5, 1), torch.zeros(5, 1)), no_retraining)
    assert method.extra_loss(model).item() == 0.0
    nn.init.constant_(model.weight, 4.0)
    assert method.extra_loss(model).item() == pytest.approx(3.0 * 0.5 * 2.0**2)


def test_only_the_memory_is_kept():
    model = nn.Linear(1, 1)
    method = OldPolicyCloning(SquaredError(), memory=3, strength=1.0, batch=64)
    rows = torch.arange(100.0)[:, None]
    method.finish(model, Samples(rows, rows), no_retraining)
    seen = []
    model.register_forward_pre_hook(lambda *called: seen.append(called[1][0]))
    method.extra_loss(model)
    assert len(seen[0].unique()) <= 3
