"""Before a single step by gradient."""

import pytest
from phases.tiny_dynamics import first_fit, held, tiny_data, tiny_phase

from nsca.errors import UserError
from nsca.objectives.first_fit import LEAST_WAY_M, fit
from nsca.priors.gravity import Gravity


def test_every_scale_is_that_of_the_training_part():
    model = first_fit(linear=False).imagination
    assert model.fitted
    assert (model.physical_change >= LEAST_WAY_M).all()
    assert (model.physical_change[1:] >= model.physical_change[:-1]).all(), "farther, later"
    assert not bool(tiny_phase().imagination.fitted)


def test_the_map_is_fitted_to_hand_latent_and_thing():
    linear = first_fit(prior=Gravity(9.81), weight=held(0.9)).imagination.first.linear
    assert linear is not None
    assert all(each.weights.any() for maps in (linear.thing, linear.rest) for each in maps)


def test_moments_at_another_interval_are_refused():
    phase, data = tiny_phase(dt_s=0.1), tiny_data()
    data.pack(phase.senses, phase.encoder)
    with pytest.raises(UserError, match=r"0\.05 s apart"):
        fit(phase.imagination, data.stored("train"))


def test_a_longer_past_than_the_model_looks_back_on_is_refused():
    with pytest.raises(UserError, match=r"phase\.imagination\.past=99, .*n_moments="):
        tiny_phase(past=99)
