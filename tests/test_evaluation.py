"""The parts of an evaluation: the run, its data, its encoder and its untrained twin."""

from pathlib import Path

import fake_run
import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

import nsca
from nsca.errors import UserError
from nsca.evaluation import (
    evaluate_run,
    frozen,
    source_of,
    training_run,
    untrained_encoder,
    vision_encoder,
    weights_digest,
)
from nsca.models.vision_encoder import VisionEncoder
from nsca.run_card import load_run_card
from nsca.trained_phase import load_config


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("evaluation")
    fake_run.write_pictures(place / "photos", train=4, val=2)
    return place


@pytest.fixture(scope="module")
def run(place) -> Path:
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


def test_the_digest_follows_every_weight(encoder):
    digest = weights_digest(encoder)
    assert len(digest) == 64
    state = {name: value.clone() for name, value in encoder.state_dict().items()}
    last = list(encoder.parameters())[-1]
    with torch.no_grad():
        last.view(-1)[-1] += 1e-3
    try:
        assert weights_digest(encoder) != digest
    finally:
        encoder.load_state_dict(state)
    assert weights_digest(encoder) == digest


def test_the_runs_own_data_unless_others_are_given(run, place, tmp_path):
    config = load_config(run)
    other = fake_run.write_pictures(tmp_path / "other", train=2, val=1)
    node = OmegaConf.merge(config.data, {"path": str(other)})
    assert len(source_of(config).frames("val").images) == 6
    assert len(source_of(config, node).frames("val").images) == 3
    with pytest.raises(UserError, match="names no data set"):
        source_of(OmegaConf.create({}))


def test_data_without_pictures_is_said_to_have_none(tmp_path):
    node = {"_target_": "nsca.data.demonstration_source.DemonstrationSource"}
    node |= {"path": str(tmp_path), "count": 1, "validation": 0}
    with pytest.raises(UserError, match="no pictures"):
        source_of(OmegaConf.create({"data": node}))


def test_what_is_no_training_run_is_refused(run, tmp_path):
    assert training_run(str(run)) == run
    with pytest.raises(UserError, match="which run"):
        training_run(None)
    with pytest.raises(UserError, match="there is no run"):
        training_run("nowhere")
    other = fake_run.write_evaluation(run, tmp_path, [])
    with pytest.raises(UserError, match="a run of evaluate, not of train"):
        training_run(str(other))


def test_a_phase_without_vision_encoder_is_refused(run):
    with pytest.raises(UserError, match="has no vision encoder"):
        vision_encoder(torch.nn.Linear(2, 2), run)


def test_an_evaluation_without_benchmark_is_refused(run, tmp_path):
    with pytest.raises(UserError, match="no benchmark"):
        evaluate_run(
            OmegaConf.create({}),
            run=str(run),
            seed=0,
            outputs=str(tmp_path / "out"),
            data=None,
            benchmarks=None,
        )
    assert not (tmp_path / "out").exists()


def judge(run: Path, outputs: Path, **changes: object) -> Path:
    settings = {
        "_target_": "nsca.benchmarks.visible_quantities.VisibleQuantities",
        "fit_frames": 10,
        "test_frames": 10,
        "corruptions": [],
        "severities": [],
        "corrupted_frames": 5,
        "raw_pixels": False,
        "neighbours": 0,
    }
    return evaluate_run(
        OmegaConf.create({}),
        run=str(run),
        seed=0,
        outputs=str(outputs),
        data=None,
        benchmarks=OmegaConf.create({"squares": settings | changes}),
    )


def test_a_wrong_benchmark_is_refused_before_a_folder_is_made(run, tmp_path):
    with pytest.raises(UserError, match="no_such"):
        judge(run, tmp_path / "out", corruptions=["no_such"])
    assert not (tmp_path / "out").exists()


def test_a_benchmark_that_fails_leaves_a_card_that_says_why(run, tmp_path, monkeypatch):
    def diverged(images: np.ndarray) -> np.ndarray:
        raise UserError("features are gone", "look for them")

    monkeypatch.setattr("nsca.evaluation.frozen", lambda _encoder: diverged)
    with pytest.raises(UserError, match="features are gone"):
        judge(run, tmp_path)
    (card,) = [load_run_card(file.parent) for file in tmp_path.glob("evaluate/*/*/run.json")]
    assert card["status"] == "failed"
    assert "features are gone" in card["error"]
    assert card["evaluated_seed"] == 3
    assert (next(tmp_path.glob("evaluate/*/*")) / card["evaluated_run"]).resolve() == run.resolve()
