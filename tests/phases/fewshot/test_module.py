"""The few-shot phase learns, keeps the loss contract, and its prior helps before it has learned."""

import pytest
import torch

from nsca.agents.scene import scene_facts
from nsca.agents.windows import windows
from nsca.data.demonstrating import record_demonstrations
from nsca.phases.fewshot.module import FewShotPhase
from nsca.phases.optimizer import OptimizerSettings
from nsca.priors.none import NoPrior
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight


@pytest.fixture(scope="module")
def cut():
    shown = record_demonstrations("pick-place-v3", 2, seed=0).demonstrations
    return windows(shown, scene_facts(shown))


def phase(prior, weight: float, **weights: float) -> FewShotPhase:
    torch.manual_seed(0)
    settings = OptimizerSettings(
        learning_rate=3e-3, weight_decay=0.0, warmup_steps=0, final_share=1.0
    )
    return FewShotPhase(
        prior=prior,
        weight=PriorWeight(weight, 0.0, False),
        members=2,
        width=16,
        loss_weights=weights or {"rollout": 1.0, "contribution": 1e-3},
        optimizer=settings,
        micro_batch=512,
    )


def rollout(model: FewShotPhase, cut) -> float:
    with torch.no_grad():
        return float(model.losses(model.embed(cut), cut)["rollout"])


def test_the_prior_predicts_better_than_nothing_before_any_learning(cut):
    assert rollout(phase(Physics(9.81), 0.9), cut) < 0.5 * rollout(phase(NoPrior(), 0.9), cut)


def test_learning_lowers_the_error(cut):
    model = phase(NoPrior(), 0.0)
    before = rollout(model, cut)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(40):
        loss, _ = model.weighted_loss(model.embed(cut), cut)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert rollout(model, cut) < 0.5 * before


def test_rows_do_not_depend_on_their_neighbours(cut):
    model = phase(Physics(9.81), 0.5)
    whole, part = model.embed(cut.slice(0, 8)), model.embed(cut.slice(3, 5))
    torch.testing.assert_close(whole["place_m"][3:5], part["place_m"])


def test_the_example_has_the_shape_of_data(cut):
    example = phase(NoPrior(), 0.5).example_batch(4)
    assert example.place_m.shape[1:] == cut.place_m.shape[1:]
    assert example.closing.shape[1:] == cut.closing.shape[1:]


def test_an_unknown_term_is_refused():
    with pytest.raises(ValueError, match="unknown loss terms"):
        phase(NoPrior(), 0.5, rolout=1.0)
