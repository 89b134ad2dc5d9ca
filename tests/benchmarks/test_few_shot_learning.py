"""What one cell does: learning from demonstrations, and the measure of the model."""

from dataclasses import replace

import fake_scene
import numpy as np
import pytest
import torch

from nsca.agents.imagining import ImaginingAgent
from nsca.assembly import build
from nsca.benchmarks.few_shot_arms import BASELINES
from nsca.benchmarks.few_shot_learning import (
    HELD_OUT,
    Recipe,
    Shown,
    held_out_windows,
    learn,
    learn_seeds,
    model_error_cm,
    record,
)
from nsca.benchmarks.few_shot_setting import Setting
from nsca.composition import compose
from nsca.data.demonstrations import Demonstration
from nsca.priors.none import NoPrior
from nsca.priors.physics import Physics
from nsca.priors.random_fixed import RandomFixed
from nsca.priors.weight import PriorWeight

RECIPE = Recipe(steps=10, batch=32, members=2, width=8, contribution=1e-3, learning_rate=3e-3)


def test_demonstrations_of_a_seed_are_a_part_of_more_of_them():
    few, many = (record(Setting("push-v3"), n, seed=2) for n in (1, 2))
    assert len(few.train()) == 1
    assert len(few.val()) == len(many.val()) == HELD_OUT
    np.testing.assert_array_equal(few.train()[0].observations, many.train()[0].observations)


def test_the_phase_by_itself_learns_as_in_the_tables():
    recipe: Recipe = build(compose("study", ["study=fewshot_curves"]).study.recipe)
    cfg = compose("train", ["phase=fewshot", "data.path=nowhere"])
    phase, optimizer = cfg.phase, cfg.phase.optimizer
    assert (cfg.trainer.max_steps, cfg.effective_batch) == (recipe.steps, recipe.batch)
    assert (phase.members, phase.width) == (recipe.members, recipe.width)
    assert phase.loss_weights.contribution == recipe.contribution
    assert optimizer.learning_rate == recipe.learning_rate
    assert optimizer.warmup_steps == recipe.steps // 15


def test_no_arm_reaches_simulator_or_expert_between_demonstrations_and_acting(out_of_reach):
    shown = Shown([fake_scene.demonstration((x, 0.7)) for x in (0.0, 0.03)], [])
    once = replace(RECIPE, steps=2)
    phase = learn(shown, Physics(9.81), PriorWeight(0.9, 0.0, False), once, 0)
    ImaginingAgent(shown.learned, phase.dynamics)
    learn_seeds([shown] * 2, NoPrior(), lambda: PriorWeight(0.0, 0.0, False), once, (0, 1))
    for make in BASELINES.values():
        make(shown.learned, 0)
    with pytest.raises(AssertionError, match="out of reach"):
        record(Setting("push-v3"), 1, seed=77)


def test_the_prior_lowers_the_models_error_where_little_is_learned():
    shown = record(Setting("pick-place-v3"), 1, seed=0)
    errors = {
        name: model_error_cm(
            learn(shown, prior, PriorWeight(w, 0.0, False), RECIPE, 0), held_out_windows(shown)
        )
        for name, prior, w in (("physics", Physics(9.81), 0.9), ("none", NoPrior(), 0.0))
    }
    assert errors["physics"] < errors["none"]


def short(shown: Demonstration) -> Demonstration:
    """With fewer windows than a batch."""
    return replace(shown, observations=shown.observations[20:61], actions=shown.actions[20:60])


@pytest.mark.parametrize(
    ("prior", "weight", "learnable"),
    [(Physics(9.81), 0.9, True), (RandomFixed(0), 0.9, False)],
    ids=["learnable", "with_buffers"],
)
def test_seeds_learn_at_once_what_each_learns_alone(prior, weight, learnable):
    """Tolerance: as in tests/phases/test_seeds_at_once.py."""
    recipe = replace(RECIPE, steps=30)
    learned = [fake_scene.demonstration((0.02 * seed, 0.7)) for seed in range(4)]
    learned[2] = short(learned[2])
    shown = [Shown([each], [each]) for each in learned]
    seeds = [3, 4, 5, 6]

    def start() -> PriorWeight:
        return PriorWeight(weight, 0.0, learnable)

    together = learn_seeds(shown, prior, start, recipe, seeds)
    for phase, own, seed in zip(together, shown, seeds, strict=True):
        torch.manual_seed(seed)
        alone = learn(own, prior, start(), recipe, seed)
        for name, parameter in alone.named_parameters():
            torch.testing.assert_close(
                phase.get_parameter(name), parameter, rtol=0, atol=1e-3, msg=name
            )
        cut = held_out_windows(own)
        assert model_error_cm(phase, cut) == pytest.approx(model_error_cm(alone, cut), rel=1e-3)
        assert not phase.training
    weights = {round(phase.dynamics.blend.weight().item(), 4) for phase in together}
    assert len(weights) == (4 if learnable else 1)
