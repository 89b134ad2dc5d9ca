from itertools import pairwise

import pytest
import torch
from torch import nn

from nsca.errors import UserError
from nsca.phases.optimizer import (
    OptimizerSettings,
    build_optimizer,
    build_schedule,
    learning_rate_share,
)

SETTINGS = OptimizerSettings(learning_rate=0.1, weight_decay=0.5, warmup_steps=10, final_share=0.1)


def test_the_schedule_rises_then_falls_to_its_end():
    shares = [learning_rate_share(step, 200, SETTINGS) for step in range(201)]
    assert shares[0] == pytest.approx(0.1)
    assert shares[9] == pytest.approx(1.0)
    assert max(shares) == pytest.approx(1.0)
    assert shares[105] == pytest.approx((1 + 0.1) / 2)
    assert shares[200] == pytest.approx(0.1)
    assert all(b <= a for a, b in pairwise(shares[10:]))


def test_warm_up_never_takes_more_than_a_tenth_of_the_run():
    shares = [learning_rate_share(step, 40, SETTINGS) for step in range(40)]
    assert shares[3] == pytest.approx(1.0)
    assert learning_rate_share(0, 5, SETTINGS) == pytest.approx(1.0)


def test_only_matrices_decay_and_frozen_weights_stay_out():
    module = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    module[2].weight.requires_grad_(False)
    optimizer = build_optimizer(module, SETTINGS)
    decayed, plain = optimizer.param_groups
    assert decayed["weight_decay"] == 0.5
    assert plain["weight_decay"] == 0.0
    assert [p.shape for p in decayed["params"]] == [(4, 3)]
    assert len(plain["params"]) == 4


def test_a_module_and_a_part_of_it_have_rates_of_their_own():
    deep = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    module = nn.ModuleDict({"deep": deep, "new": nn.Linear(2, 2)})
    rates = {"deep": 0.5, "deep.1": 0.0}
    optimizer = build_optimizer(module, OptimizerSettings(learning_rate=0.1, rates=rates))

    def rate_of(name: str) -> set[float]:
        groups = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
        return {groups[id(parameter)] for parameter in module.get_submodule(name).parameters()}

    assert [rate_of(name) for name in ("deep.0", "deep.1", "new")] == [{0.05}, {0.0}, {0.1}]
    schedule = build_schedule(optimizer, SETTINGS, total_steps=200)
    for _ in range(200):
        optimizer.step()
        schedule.step()
    assert max(rate_of("deep.0")) == pytest.approx(0.005)
    with pytest.raises(UserError, match="there is no shallow"):
        build_optimizer(module, OptimizerSettings(rates={"shallow": 1.0}))
    with pytest.raises(ValueError, match="0 and above"):
        OptimizerSettings(rates={"deep": -1.0})


def test_matrices_move_by_an_orthogonal_step_the_size_of_adamws_and_vectors_by_adamws():
    torch.manual_seed(0)
    layer = nn.Conv2d(8, 16, 3)
    before = {name: p.detach().clone() for name, p in layer.named_parameters()}
    layer(torch.randn(32, 8, 6, 6)).square().mean().backward()
    optimizer = build_optimizer(layer, OptimizerSettings(learning_rate=0.01, weight_decay=0.0))
    optimizer.step()
    moved = {name: p.detach() - before[name] for name, p in layer.named_parameters()}
    spread = torch.linalg.svdvals(moved["weight"].flatten(1))
    assert spread.max() < 2 * spread.min()  # a plain gradient's largest is many times its smallest
    assert moved["weight"].square().mean().sqrt() == pytest.approx(0.2 * 0.01, rel=0.3)
    assert moved["bias"].abs() == pytest.approx(torch.full((16,), 0.01), rel=0.01)


def test_the_optimizer_follows_the_schedule():
    optimizer = build_optimizer(nn.Linear(2, 2), SETTINGS)
    schedule = build_schedule(optimizer, SETTINGS, total_steps=200)
    rates = []
    for _ in range(12):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[0] == pytest.approx(0.01)
    assert rates[9] == pytest.approx(0.1)
    assert torch.tensor(rates[:10]).diff().min() > 0


def test_a_group_of_its_own_rate_is_left_alone_by_schedule_and_decay():
    layer = nn.Linear(2, 2)
    own = [{"params": [layer.bias], "lr": 0.03, "weight_decay": 0.0}]
    optimizer = build_optimizer(layer, SETTINGS, own)
    schedule = build_schedule(optimizer, SETTINGS, total_steps=200)
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 0, 1]
    for _ in range(150):
        optimizer.step()
        schedule.step()
    assert optimizer.param_groups[-1]["lr"] == 0.03
    assert optimizer.param_groups[0]["lr"] < 0.1
    before = layer.bias.detach().clone()
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert before - layer.bias.detach() == pytest.approx(torch.full((2,), 0.03), rel=1e-3)


@pytest.mark.parametrize(
    "wrong", [{"learning_rate": 0.0}, {"warmup_steps": -1}, {"final_share": 2.0}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"learning_rate|impossible"):
        OptimizerSettings(**wrong)
