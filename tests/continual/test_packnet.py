import copy

import pytest
import torch
from torch import nn
from two_lines import SETTINGS, SquaredError, error, network, tasks

from nsca.continual.packnet import PackNet
from nsca.continual.training import learn


def after_both() -> tuple[PackNet, nn.Module, nn.Module]:
    """The method, the network after the first task, and after the second."""
    method, model = PackNet(tasks=2, retrain_steps=100), network()
    for task, samples in enumerate(tasks()):
        learn(model, samples, task, method, SquaredError(), SETTINGS, seed=0)
        if task == 0:
            first = copy.deepcopy(model)
    return method, first, model


def test_the_first_task_is_played_exactly_as_before():
    method, first, second = after_both()
    inputs = tasks()[0].inputs
    before, after = (method.model_for(model, 0)(inputs) for model in (first, second))
    assert torch.equal(before, after)
    assert not torch.equal(method.model_for(second, 1)(inputs), after)


def test_both_tasks_are_learned_and_every_parameter_has_an_owner():
    method, _, model = after_both()
    for task, samples in enumerate(tasks()):
        assert error(method.model_for(model, task), samples) < 0.01
    assert method.figures() == {"free_share": 0.0}
    assert method.knows_task


def test_the_largest_half_of_each_layer_is_kept_and_the_rest_is_zero():
    model = nn.Linear(4, 1)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[0.1, -3.0, 2.0, -0.2]]))
    method = PackNet(tasks=2, retrain_steps=5)
    method.begin(model, tasks()[0], 0)
    asked = []
    method.finish(model, tasks()[0], asked.append)
    assert model.weight.tolist() == [[0.0, -3.0, 2.0, 0.0]]
    assert asked == [5]
    # the next task may move what is free, and no bias
    method.begin(model, tasks()[0], 1)
    model(torch.ones(1, 4)).sum().backward()
    method.after_backward(model)
    assert model.weight.grad.tolist() == [[1.0, 0.0, 0.0, 1.0]]
    assert model.bias.grad.tolist() == [0.0]


def test_three_tasks_get_a_third_each():
    model = nn.Linear(30, 30, bias=False)
    method = PackNet(tasks=3, retrain_steps=1)
    shares = []
    for task in range(3):
        method.begin(model, tasks()[0], task)
        with torch.no_grad():
            model.weight[model.weight == 0] = 0.5  # as training would fill what is free
        method.finish(model, tasks()[0], [].append)
        shares.append(method.figures()["free_share"])
    assert shares == pytest.approx([2 / 3, 1 / 3, 0.0], abs=0.01)


def test_at_least_one_task():
    with pytest.raises(ValueError, match="0 tasks"):
        PackNet(tasks=0, retrain_steps=1)
