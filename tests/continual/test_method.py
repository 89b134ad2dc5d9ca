import torch
from torch import nn
from two_lines import no_retraining

from nsca.continual.method import Naive, Samples


def some(count: int, start: float = 0.0) -> Samples:
    rows = torch.arange(count, dtype=torch.float32)[:, None] + start
    return Samples(rows, -rows)


def test_samples_are_taken_and_joined_by_row():
    both = some(3).and_also(some(2, 10.0))
    assert len(both) == 5
    assert both[torch.tensor([4, 0])].targets.flatten().tolist() == [-11.0, 0.0]


def test_naive_does_nothing():
    model, samples, naive = nn.Linear(1, 1), some(2), Naive()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    assert naive.begin(model, samples, 0) is samples
    assert naive.steps(1, 7) == 7
    assert naive.extra_loss(model) is None
    naive.after_backward(model)
    naive.observe(samples, samples.targets)
    naive.finish(model, samples, no_retraining)
    assert naive.model_for(model, 0) is model
    assert not naive.knows_task
    assert naive.figures() == {}
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name])
