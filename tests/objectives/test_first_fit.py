"""Before a single step by gradient."""

import pytest
import torch
from phases.tiny_dynamics import PAST, Bent, first_fit, held, tiny_data, tiny_phase

from nsca.data.moments import THING
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
    linear = first_fit(prior=Gravity(9.81), weight=held(0.9)).imagination.linear
    assert linear is not None
    assert all(each.weights.any() for maps in (linear.thing, linear.rest) for each in maps)


def test_what_the_map_leaves_is_the_unit_of_what_networks_correct():
    """Before any step as much is left as was counted, and less than is there to be foretold."""
    phase = first_fit(Bent(clips=60))
    model, rows = phase.imagination, tiny_data(source=Bent(clips=60))
    rows.pack(phase.senses, phase.encoder)
    batch = rows.stored("train").spread()
    off = batch.physical[:, PAST:, :THING] - model.begun(batch).thing
    torch.testing.assert_close(
        off.square().mean(dim=0).sqrt(), model.thing_left, rtol=1e-3, atol=1e-3
    )
    assert (model.thing_left[:, 3:] > 0.01).all(), "something is left"
    assert (model.thing_left < model.physical_change).all()


def test_moments_at_another_interval_are_refused():
    phase, data = tiny_phase(dt_s=0.1), tiny_data()
    data.pack(phase.senses, phase.encoder)
    with pytest.raises(UserError, match=r"0\.05 s apart"):
        fit(phase.imagination, data.stored("train"))
