"""Judging a run: from a run directory to figures in another one."""

import math
from pathlib import Path

import fake_run
import pytest

from nsca.benchmarks.scores import Score, read_table
from nsca.errors import UserError
from nsca.evaluate import evaluate
from nsca.run_card import load_run_card
from nsca.verb import compose

SMALL = [
    "benchmark.visible_quantities.corruptions=[gaussian_noise]",
    "benchmark.visible_quantities.severities=[5]",
    "benchmark.visible_quantities.corrupted_frames=6",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("evaluate")


@pytest.fixture(scope="module")
def run(place) -> Path:
    data = fake_run.write_pictures(place / "photos", train=8, val=4)
    return fake_run.write_run(data, place / "outputs", seed=3)


@pytest.fixture(scope="module")
def judged(run, place) -> Path:
    return evaluate(compose("evaluate", [f"run={run}", f"outputs={place / 'outputs'}", *SMALL]))


def test_the_run_card_holds_the_figures_of_the_table(judged, run):
    card = load_run_card(judged)
    assert card["status"] == "finished"
    assert card["evaluated_seed"] == 3
    assert (judged / card["evaluated_run"]).resolve() == run.resolve()
    scores = read_table(judged / "visible_quantities.csv", Score)
    assert {score.split for score in scores} == {"val"}, "photographs have no set B"
    assert {s.features for s in scores} == {"trained", "random", "pixels", "shuffled"}
    for score in scores:
        assert card["metrics"][f"visible_quantities/{score.name}"] == score.value
    assert card["metrics"]["visible_quantities/val/label/pixels"] == 1.0, "colour is in the pixels"
    assert all(math.isfinite(value) for value in card["metrics"].values())


def test_the_twin_of_a_run_that_was_never_trained_scores_the_same(judged):
    """The fake run holds initial weights of its seed, so trained and untrained must agree."""
    metrics = load_run_card(judged)["metrics"]
    assert (
        metrics["visible_quantities/val/label/trained"]
        == (metrics["visible_quantities/val/label/random"])
    )


def test_other_data_may_be_judged(run, place):
    other = fake_run.write_pictures(place / "other", train=5, val=2)
    out = place / "elsewhere"
    chosen = ["data=image_folder", f"data.path={other}"]
    path = evaluate(compose("evaluate", [f"run={run}", f"outputs={out}", *chosen, *SMALL]))
    scores = read_table(path / "visible_quantities.csv", Score)
    assert {s.test_rows for s in scores} == {6}


def test_no_training_run_is_refused_before_a_folder_is_made(place, judged):
    with pytest.raises(UserError, match="a run of evaluate"):
        evaluate(compose("evaluate", [f"run={judged}", f"outputs={place / 'none'}"]))
    assert not (place / "none").exists()


def test_several_runs_are_refused_with_how_to_sweep_them():
    with pytest.raises(UserError, match="one run is judged at a time") as refused:
        evaluate(compose("evaluate", ["run=[a,b]"]))
    assert "-m run=" in refused.value.remedy
