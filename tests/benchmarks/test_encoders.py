"""A run's encoder and its untrained twin, as functions from frames to features."""

from pathlib import Path

import fake_run
import numpy as np
import pytest
import torch

import nsca
from nsca.benchmarks.encoders import frame_source, frozen, untrained_encoder, vision_encoder
from nsca.data.demonstration_source import DemonstrationSource
from nsca.errors import UserError
from nsca.evaluation import source_of, weights_digest
from nsca.models.vision_encoder import VisionEncoder
from nsca.trained_phase import load_config


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("encoders")
    fake_run.write_pictures(place / "photos", train=2, val=1)
    return fake_run.write_run(place / "photos", place / "outputs", seed=3)


@pytest.fixture(scope="module")
def encoder(run) -> VisionEncoder:
    return vision_encoder(nsca.load(run), run)


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 64, 64, 3)).astype(np.uint8)


def test_the_untrained_twin_is_of_the_runs_seed_and_leaves_the_generator_alone(run, encoder):
    config = load_config(run)
    torch.manual_seed(17)
    expected = torch.rand(3)
    torch.manual_seed(17)
    twin = untrained_encoder(config)
    assert (torch.rand(3) == expected).all()
    assert weights_digest(twin) == weights_digest(encoder)
    config.seed = 4
    assert weights_digest(untrained_encoder(config)) != weights_digest(twin)


def test_frozen_features_do_not_depend_on_batch_mates(encoder):
    encode = frozen(encoder)
    images = pictures(5)
    together, alone = encode(images), encode(images[2:3])
    assert together.shape[0] == 5
    assert np.abs(together[2] - alone[0]).max() < 1e-4


def test_features_that_are_not_finite_are_an_error(run):
    broken = untrained_encoder(load_config(run))
    with torch.no_grad():
        next(broken.parameters()).fill_(float("nan"))
    with pytest.raises(UserError, match="not finite"):
        frozen(broken)(pictures(2))


def test_data_without_pictures_is_said_to_have_none(run, tmp_path):
    assert len(frame_source(source_of(load_config(run))).frames("val").images) == 3
    with pytest.raises(UserError, match="no pictures"):
        frame_source(DemonstrationSource(str(tmp_path), 1, 0))


def test_a_phase_without_vision_encoder_is_refused(run):
    with pytest.raises(UserError, match="has no vision encoder"):
        vision_encoder(torch.nn.Linear(2, 2), run)
