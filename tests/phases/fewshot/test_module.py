"""The few-shot phase learns, keeps the loss contract, and its prior helps before it has learned.

`python -m phases.fewshot.test_module` in tests/ rewrites its golden losses.
"""

import pytest
import torch
from lightning import Trainer
from phases.short_trainings import check_golden, write_golden

from nsca.agents.scene import scene_facts
from nsca.agents.windows import Windows, windows
from nsca.data.demonstrating import record_demonstrations
from nsca.data.step_loader import Epoch
from nsca.phases.fewshot.data import WindowSteps
from nsca.phases.fewshot.module import FewShotPhase
from nsca.phases.optimizer import OptimizerSettings
from nsca.priors.none import NoPrior
from nsca.priors.physics import Physics
from nsca.priors.weight import LEARNING_RATE, PriorWeight


def recorded() -> Windows:
    """Played by metaworld's own, which is always there, so that everywhere they are the same."""
    shown = record_demonstrations("pick-place-v3", 2, seed=0, backend="metaworld").demonstrations
    return windows(shown, scene_facts(shown))


@pytest.fixture(scope="module")
def cut() -> Windows:
    return recorded()


def phase(
    prior,
    weight: float,
    learnable: bool = False,
    settings: OptimizerSettings | None = None,
    **weights: float,
) -> FewShotPhase:
    torch.manual_seed(0)
    settings = settings or OptimizerSettings(
        learning_rate=3e-3, weight_decay=0.0, warmup_steps=0, final_share=1.0
    )
    return FewShotPhase(
        prior=prior,
        weight=PriorWeight(weight, 0.0, learnable),
        members=2,
        width=16,
        loss_weights=weights or {"rollout": 1.0, "contribution": 1e-3},
        optimizer=settings,
        micro_batch=512,
    )


def fit(model: FewShotPhase, cut: Windows, steps: int) -> None:
    trainer = Trainer(
        max_steps=steps,
        accelerator="cpu",
        gradient_clip_val=1.0,
        logger=False,
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
        limit_val_batches=0,
        enable_model_summary=False,
    )
    batches = WindowSteps(cut, Epoch(0, 32, steps, lambda: 0))
    trainer.fit(model, batches, batches)


def ten_steps(cut: Windows) -> list[dict[str, float]]:
    """Losses and weight of ten steps in which the weight is learned."""
    rows: list[dict[str, float]] = []
    settings = OptimizerSettings(learning_rate=3e-3, warmup_steps=0)
    model = phase(Physics(9.81), 0.9, learnable=True, settings=settings)

    def note(outputs: object, batch: Windows, batch_idx: int) -> None:
        found = {**model.trainer.callback_metrics, "weight": model.dynamics.blend.weight().detach()}
        rows.append({name: float(f"{float(value):.6g}") for name, value in found.items()})

    model.on_train_batch_end = note
    fit(model, cut, 10)
    return rows


def test_golden_losses(cut):
    check_golden("fewshot", ten_steps(cut))


@pytest.mark.parametrize("learning_rate", [1e-4, 1e-2])
def test_a_learnable_weight_moves_at_its_own_rate_whatever_the_rest_does(cut, learning_rate):
    settings = OptimizerSettings(learning_rate=learning_rate, warmup_steps=100, final_share=0.01)
    model = phase(Physics(9.81), 0.9, learnable=True, settings=settings)
    before = float(model.dynamics.blend.weight.argument.detach())
    fit(model, cut, 1)
    moved = abs(float(model.dynamics.blend.weight.argument.detach()) - before)
    assert moved == pytest.approx(LEARNING_RATE, rel=1e-3), "Adam's first step is its rate"
    group = model.trainer.optimizers[0].param_groups[-1]
    assert (group["lr"], group["weight_decay"]) == (LEARNING_RATE, 0.0)


def test_a_held_weight_does_not_move(cut):
    model = phase(Physics(9.81), 0.9)
    fit(model, cut, 3)
    assert float(model.dynamics.blend.weight()) == pytest.approx(0.9, abs=1e-7)
    assert model.own_rate_groups() == []


def rollout(model: FewShotPhase, cut) -> float:
    with torch.no_grad():
        return float(model.losses(model.embed(cut), cut)["rollout"])


def test_the_prior_predicts_better_than_nothing_before_any_learning(cut):
    assert rollout(phase(Physics(9.81), 0.9), cut) < 0.5 * rollout(phase(NoPrior(), 0.0), cut)


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
    example = phase(NoPrior(), 0.0).example_batch(4)
    assert example.place_m.shape[1:] == cut.place_m.shape[1:]
    assert example.closing.shape[1:] == cut.closing.shape[1:]


def test_an_unknown_term_is_refused():
    with pytest.raises(ValueError, match="unknown loss terms"):
        phase(NoPrior(), 0.0, rolout=1.0)


if __name__ == "__main__":
    write_golden("fewshot", ten_steps(recorded()))
