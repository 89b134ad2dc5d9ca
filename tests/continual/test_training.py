import pytest
import torch
from two_lines import SETTINGS, SquaredError, error, network, play_both, tasks

from nsca.continual.method import Method, Naive
from nsca.continual.training import TrainingSettings, learn


def test_a_task_is_learned_and_then_forgotten():
    figures = play_both(Naive())
    assert figures["before"] < 1e-3
    assert figures["second"] < 1e-3
    assert figures["after"] > 0.3


def test_a_seed_decides_everything():
    def weights(seed: int) -> torch.Tensor:
        model = network()
        learn(model, tasks()[0], 0, Naive(), SquaredError(), SETTINGS, seed)
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


class Recorder(Method):
    """Keeps what the hooks are given."""

    def __init__(self):
        self.batches, self.called = [], []

    def begin(self, model, samples, task):
        self.called.append(f"begin {task}")
        return samples

    def steps(self, task, steps):
        return steps + task

    def extra_loss(self, model):
        return 0.0 * next(model.parameters()).sum()

    def observe(self, batch, outputs):
        assert not outputs.requires_grad
        self.batches.append(batch.inputs)

    def finish(self, model, samples, retrain):
        self.called.append("finish")
        if len(self.called) == 2:
            retrain(2)


def test_every_hook_is_called_and_retraining_goes_on():
    method, model = Recorder(), network()
    settings = TrainingSettings(steps=3, batch=4)
    for task, samples in enumerate(tasks()):
        learn(model, samples, task, method, SquaredError(), settings, seed=0)
    assert method.called == ["begin 0", "finish", "begin 1", "finish"]
    assert len(method.batches) == 3 + 2 + 4
    assert not torch.equal(method.batches[0], method.batches[3])


def test_all_methods_draw_the_same_batches():
    drawn = []
    for extra in (0, 1):
        torch.manual_seed(extra)  # whatever else is random
        method = Recorder()
        model = network(extra)
        settings = TrainingSettings(steps=3, batch=4)
        learn(model, tasks()[1], 1, method, SquaredError(), settings, seed=0)
        drawn.append(torch.cat(method.batches))
    assert torch.equal(*drawn)


def test_settings_out_of_range_are_refused():
    with pytest.raises(ValueError, match="above 0"):
        TrainingSettings(steps=0)
    with pytest.raises(ValueError, match="above 0"):
        TrainingSettings(steps=1, rate=0.0)


def test_the_error_of_the_untrained_network_is_large():
    assert error(network(), tasks()[0]) > 0.1
