import numpy as np
import pytest
import torch

from nsca.gates.balloon_learning import (
    DT_S,
    HELD_OUT_HEIGHT_M,
    TRAIN_HEIGHT_M,
    Correction,
    judge_paths,
    starts,
    train,
    transitions,
)
from nsca.priors.blend import BlendedAcceleration
from nsca.priors.gravity import Gravity
from nsca.priors.weight import PriorWeight
from nsca.worlds.buoyant import BuoyantObject

BALLOON = BuoyantObject(1.5, drag_per_s=1.0)


class Oracle(torch.nn.Module):
    """Knows the balloon; the prior's half is taken back."""

    def forward(self, features):
        true = torch.from_numpy(BALLOON.acceleration_m_s2(features[..., 3:].numpy()))
        return 2 * true.float() - torch.tensor([0.0, 0.0, -9.81])


def model(correction: torch.nn.Module, weight: float = 0.5) -> BlendedAcceleration:
    return BlendedAcceleration(Gravity(9.81), PriorWeight(weight, 0.0, learnable=True), correction)


def test_starts_of_training_and_of_judgement_do_not_meet():
    assert TRAIN_HEIGHT_M[1] <= HELD_OUT_HEIGHT_M[0]
    draw = np.random.default_rng(0)
    position, velocity = starts(draw, 500, HELD_OUT_HEIGHT_M)
    assert position[:, 2].min() >= HELD_OUT_HEIGHT_M[0]
    assert np.abs(velocity).max() <= 1.0


def test_transitions_hold_what_happens_next():
    samples = transitions(BALLOON, np.random.default_rng(0)).numpy()
    middle = samples[:, 3:6] + samples[:, 6:] * DT_S / 2  # the step's mean acceleration is there
    np.testing.assert_allclose(samples[:, 6:], BALLOON.acceleration_m_s2(middle), atol=2e-3)


def test_an_oracle_is_nearly_right_and_the_prior_alone_has_its_own_error():
    draw = np.random.default_rng(0)
    figures, gains = judge_paths(model(Oracle()), BALLOON, draw)
    assert figures["rising_share"] == 1
    assert figures["error_over_copy"] < 0.01
    assert gains["true_m"][-1] == pytest.approx(gains["predicted_m"][-1], abs=0.02)
    assert gains["prior_m"][-1] == pytest.approx(-4.9, abs=0.2)
    untrained, _ = judge_paths(model(Correction(), 0.999), BALLOON, draw)
    assert untrained["rising_share"] == 0
    assert untrained["error_over_prior"] == pytest.approx(1, abs=0.01)


def test_training_lowers_the_error_and_traces_the_weight():
    torch.manual_seed(0)
    samples = transitions(BALLOON, np.random.default_rng(0))
    learner = model(Correction(), 0.9)
    before, _ = judge_paths(learner, BALLOON, np.random.default_rng(1))
    trace = train(learner, samples, steps=150, penalty=0.1, seed=0)
    after, _ = judge_paths(learner, BALLOON, np.random.default_rng(1))
    assert len(trace) == 151
    assert trace[0] == pytest.approx(0.9)
    assert after["error_m"] < 0.3 * before["error_m"]
