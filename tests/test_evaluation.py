"""The parts of an evaluation: the run, its data, and what fits it."""

from pathlib import Path

import fake_run
import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

import nsca
from nsca.benchmarks.outcomes import Outcome
from nsca.benchmarks.scores import read_table
from nsca.errors import UserError
from nsca.evaluation import (
    benchmarks_for,
    evaluate_run,
    source_of,
    training_run,
    weights_digest,
)
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


def test_the_digest_follows_every_weight(run):
    encoder = nsca.load(run)
    digest = weights_digest(encoder)
    assert len(digest) == 64
    assert weights_digest(nsca.load(run)) == digest
    last = list(encoder.parameters())[-1]
    with torch.no_grad():
        last.view(-1)[-1] += 1e-3
    assert weights_digest(encoder) != digest


def test_the_runs_own_data_unless_others_are_given(run, place, tmp_path):
    config = load_config(run)
    other = fake_run.write_pictures(tmp_path / "other", train=2, val=1)
    node = OmegaConf.merge(config.data, {"path": str(other)})
    assert len(source_of(config).frames("val").images) == 6
    assert len(source_of(config, node).frames("val").images) == 3
    with pytest.raises(UserError, match="names no data set"):
        source_of(OmegaConf.create({}))


def test_what_is_no_training_run_is_refused(run, tmp_path):
    assert training_run(str(run)) == run
    with pytest.raises(UserError, match="which run"):
        training_run(None)
    with pytest.raises(UserError, match="there is no run"):
        training_run("nowhere")
    other = fake_run.write_evaluation(run, tmp_path, [])
    with pytest.raises(UserError, match="a run of evaluate, not of train"):
        training_run(str(other))


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

    monkeypatch.setattr("nsca.benchmarks.visible_quantities.frozen", lambda _encoder: diverged)
    with pytest.raises(UserError, match="features are gone"):
        judge(run, tmp_path)
    (card,) = [load_run_card(file.parent) for file in tmp_path.glob("evaluate/*/*/run.json")]
    assert card["status"] == "failed"
    assert "features are gone" in card["error"]
    assert card["evaluated_seed"] == 3
    assert (next(tmp_path.glob("evaluate/*/*")) / card["evaluated_run"]).resolve() == run.resolve()


class Countless:
    """A benchmark of no run: two pieces, the second of which may never come."""

    judges: frozenset[str] = frozenset()
    row = Outcome

    def __init__(self, fails: bool) -> None:
        self.fails = fails

    def judge(self, run, seed, folder):
        assert run is None
        row = Outcome("push-v3", 0, seed, "idle", "success", 0.5, 0.1, 0.9, 4, "nowhere")
        yield [row]
        if self.fails:
            raise UserError("the world ended", "make another")
        yield [row]

    def metrics(self, rows):
        return {"rows": float(len(rows))}


def judge_nothing(outputs: Path, run: str | None = None, fails: bool = False) -> Path:
    settings = {"countless": {"_target_": "nsca.benchmarks.none.Countless", "fails": fails}}
    benchmarks = OmegaConf.create(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nsca.evaluation.build", lambda node: Countless(node["fails"]))
        return evaluate_run(
            OmegaConf.create({}),
            run=run,
            seed=7,
            outputs=str(outputs),
            data=None,
            benchmarks=benchmarks,
        )


def test_a_benchmark_may_need_no_run(tmp_path):
    path = judge_nothing(tmp_path)
    card = load_run_card(path)
    assert path.parent.name == "countless"
    assert card["metrics"] == {"countless/rows": 2.0}
    assert card["samples"] == 8
    assert "evaluated_run" not in card


def test_a_run_that_a_benchmark_cannot_use_is_refused_in_one_line(run, tmp_path):
    with pytest.raises(UserError, match="countless judges no run") as refused:
        judge_nothing(tmp_path, str(run))
    assert refused.value.remedy == "leave out run="
    assert not (tmp_path / "evaluate").exists()


def test_finished_pieces_survive_a_failure(tmp_path):
    with pytest.raises(UserError, match="the world ended"):
        judge_nothing(tmp_path, fails=True)
    (table,) = tmp_path.glob("evaluate/*/*/countless.csv")
    assert len(read_table(table, Outcome)) == 1


def test_a_benchmark_of_another_phase_is_refused_with_those_that_fit(place, tmp_path):
    few_shot = fake_run.write_few_shot_run(place / "nowhere", place / "outputs", seed=1)
    with pytest.raises(
        UserError, match=r"judges runs of phase=full or phase=vision; .*phase=few"
    ) as no:
        judge(few_shot, tmp_path)
    assert no.value.remedy == "benchmark=manipulation"
    assert not (tmp_path / "evaluate").exists()


def test_every_benchmark_says_which_phase_it_judges():
    assert benchmarks_for("vision") == ["temporal_consistency", "visible_quantities"]
    assert benchmarks_for("fewshot") == ["manipulation"]
    assert benchmarks_for("nothing") == []
