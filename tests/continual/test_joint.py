import torch
from two_lines import network, play_both, tasks

from nsca.continual.joint import Joint


def test_both_tasks_are_learned_together():
    figures = play_both(Joint())
    assert max(figures.values()) < 0.001


def test_it_starts_over_with_all_samples_and_the_steps_of_all_tasks():
    model, (first, second), method = network(), tasks(), Joint()
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert method.begin(model, first, 0) is first
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    both = method.begin(model, second, 1)
    assert len(both) == len(first) + len(second)
    assert torch.equal(both.inputs[len(first) :], second.inputs)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, start[name])
    assert [method.steps(task, 10) for task in (0, 1)] == [10, 20]
