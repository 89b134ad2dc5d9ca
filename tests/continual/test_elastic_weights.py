import pytest
import torch
from torch import nn
from two_lines import SquaredError, no_retraining, play_both

from nsca.continual.elastic_weights import ElasticWeights
from nsca.continual.method import Naive, Samples


def line() -> tuple[nn.Module, Samples]:
    """y = 2 x, with samples 1, 2, 3: the Fisher information of a unit Gaussian is mean x^2."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 2.0)
    x = torch.tensor([[1.0], [2.0], [3.0]])
    return model, Samples(x, 2 * x)


def test_the_penalty_appears_with_the_second_task_and_is_zero_there_at_first():
    model, samples = line()
    method = ElasticWeights(SquaredError(), strength=1000.0)
    assert method.extra_loss(model) is None
    method.finish(model, samples, no_retraining)
    assert method.extra_loss(model).item() == 0.0
    with torch.no_grad():
        model.weight += 0.1
    # one parameter: scaled to mean 1 its Fisher information is 1
    assert method.extra_loss(model).item() == pytest.approx(0.5 * 1000 * 0.1**2, rel=1e-4)


def test_labels_drawn_from_the_model_give_the_fisher_information_itself():
    # The data's labels are met exactly: the empirical Fisher would be zero.
    model, samples = line()
    many = Samples(samples.inputs.repeat(2000, 1), samples.targets.repeat(2000, 1))
    method = ElasticWeights(SquaredError())
    method.finish(model, many, no_retraining)
    assert method.figures()["fisher_scale"] == pytest.approx(14 / 3, rel=0.05)


def test_online_accumulation_counts_both_tasks_from_the_newest_anchor():
    model, samples = line()
    method = ElasticWeights(SquaredError(), strength=2.0, decay=0.5)
    method.finish(model, samples, no_retraining)
    with torch.no_grad():
        model.weight += 1.0
    method.finish(model, samples, no_retraining)
    assert method.figures()["ewc_penalty"] == pytest.approx(1.0)
    assert method.extra_loss(model).item() == 0.0
    with torch.no_grad():
        model.weight += 1.0
    assert method.extra_loss(model).item() == pytest.approx(0.5 * 2.0 * (0.5 + 1.0))


def test_it_forgets_a_tenth_of_what_naive_training_forgets():
    naive, elastic = play_both(Naive()), play_both(ElasticWeights(SquaredError()))
    assert elastic["before"] == naive["before"] < 1e-3
    assert naive["after"] > 0.3
    assert elastic["after"] < 0.1 * naive["after"]
    assert elastic["second"] < 0.01


def test_without_strength_it_is_naive():
    naive, elastic = play_both(Naive()), play_both(ElasticWeights(SquaredError(), strength=0.0))
    assert elastic == naive
