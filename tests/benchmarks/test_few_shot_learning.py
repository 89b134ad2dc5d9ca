"""What one cell does: learning from demonstrations, and the measure of the model."""

import numpy as np

from nsca.benchmarks.few_shot_learning import HELD_OUT, Recipe, learn, model_error_cm, record
from nsca.benchmarks.few_shot_setting import Setting
from nsca.priors.none import NoPrior
from nsca.priors.physics import Physics
from nsca.priors.weight import PriorWeight

RECIPE = Recipe(steps=10, batch=32, members=2, width=8, contribution=1e-3, learning_rate=3e-3)


def test_demonstrations_of_a_seed_are_a_part_of_more_of_them():
    few, many = (record(Setting("push-v3"), n, seed=2) for n in (1, 2))
    assert len(few.train()) == 1
    assert len(few.val()) == len(many.val()) == HELD_OUT
    np.testing.assert_array_equal(few.train()[0].observations, many.train()[0].observations)


def test_the_prior_lowers_the_models_error_where_little_is_learned():
    shown = record(Setting("pick-place-v3"), 1, seed=0)
    errors = {
        name: model_error_cm(learn(shown, prior, PriorWeight(w, 0.0, False), RECIPE, 0), shown)
        for name, prior, w in (("physics", Physics(9.81), 0.9), ("none", NoPrior(), 0.0))
    }
    assert errors["physics"] < errors["none"]
