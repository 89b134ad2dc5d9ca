"""What is read back is what a run left, and what is missing is named."""

import dataclasses
import json
import shutil
from pathlib import Path

import fake_record
import fake_run
import numpy as np
import pytest
from fake_card import change_card

from nsca.composition import compose
from nsca.errors import UserError
from nsca.reporting.run_record import RunRecord, conditions, find_runs, newest_run, read_run
from nsca.run_card import load_run_card


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> Path:
    """One run, judged twice."""
    place = tmp_path_factory.mktemp("record")
    run = fake_run.write_run(place / "photos", place / "outputs", seed=2)
    for trained in (0.5, 0.8):
        fake_run.write_evaluation(run, place / "outputs", fake_record.scores(trained))
    return place / "outputs"


@pytest.fixture
def outputs(pristine, tmp_path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "outputs"))


def run_in(outputs: Path) -> Path:
    return next((outputs / "train").glob("*/*"))


def test_a_run_is_read_with_its_newest_evaluation(outputs):
    record = read_run(run_in(outputs))
    assert record.card["seed"] == 2
    assert record.config.model.vision
    assert record.scores == tuple(fake_record.scores(0.8))
    assert record.evaluation == max((outputs / "evaluate").glob("*/*"))
    assert record.evaluation_card["verb"] == "evaluate"
    assert record.diagnoses == ()
    loss = record.curves["train/loss"]
    assert loss.shape == (10, 2)
    assert (loss[:, 0] == np.arange(0, 100, 10)).all()
    assert (record.curves["train/nt_xent"][:, 1] == 1.5).all()


def test_an_evaluation_stands_for_its_run_and_is_the_one_shown(outputs):
    older = min((outputs / "evaluate").glob("*/*"))
    record = read_run(older)
    assert record.path == run_in(outputs).resolve()
    assert record.evaluation == older
    assert record.scores == tuple(fake_record.scores(0.5))


def test_unfinished_evaluations_and_those_of_other_runs_do_not_count(outputs):
    older, newer = sorted((outputs / "evaluate").glob("*/*"))
    change_card(newer, status="failed")
    assert read_run(run_in(outputs)).evaluation == older
    change_card(older, evaluated_run="../../../train/vision-nsca_tiny/other")
    record = read_run(run_in(outputs))
    assert (record.evaluation, record.scores, record.evaluation_card) == (None, (), {})


def test_the_outputs_may_be_moved_as_a_whole(outputs, tmp_path):
    moved = Path(shutil.move(outputs, tmp_path / "elsewhere"))
    assert read_run(run_in(moved)).scores


def test_diagnoses_are_read_line_by_line(outputs):
    lines = [{"step": 4, "name": "collapse"}, {"step": 9, "name": "shortcut"}]
    file = run_in(outputs) / "diagnoses.jsonl"
    text = "".join(json.dumps(line) + "\n" for line in lines)
    file.write_text(text + '{"step": 1')  # a crash cut the last line
    assert [found["name"] for found in read_run(run_in(outputs)).diagnoses] == [
        "collapse",
        "shortcut",
    ]


def test_an_evaluation_that_failed_still_says_which_run_it_judged(outputs):
    older, newer = sorted((outputs / "evaluate").glob("*/*"))
    change_card(newer, status="failed")
    assert read_run(newer).path == run_in(outputs).resolve()
    card = load_run_card(older)
    del card["evaluated_run"]
    (older / "run.json").write_text(json.dumps(card))
    with pytest.raises(UserError, match="does not say which run it judged"):
        read_run(older)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.yaml", b"seed: [1"),
        ("config.yaml", b"\xff\xfe\x00"),
        ("config.yaml", b"a: ${"),
        ("diagnoses.jsonl", b"{]\n"),
        ("metrics.csv", b"step,name,value\n1,loss,much\n"),
    ],
)
def test_damaged_files_are_named(outputs, name, content):
    (run_in(outputs) / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} is damaged"):
        read_run(run_in(outputs))


@pytest.mark.parametrize("cut", [0, 1, 25])
def test_a_damaged_table_of_an_evaluation_is_named(outputs, cut):
    file = max((outputs / "evaluate").glob("*/*")) / "visible_quantities.csv"
    text = file.read_text()
    file.write_text(text[: len(text) - cut] if cut else text + "val,transfer,x\n")
    if cut == 1:  # the end of the last line alone: nothing is missing
        assert read_run(run_in(outputs)).scores == tuple(fake_record.scores(0.8))
        return
    with pytest.raises(UserError, match=r"visible_quantities\.csv is damaged"):
        read_run(run_in(outputs))


def test_figures_that_are_not_finite_are_left_out_of_curves(outputs):
    from nsca.loggers.csv_log import CsvLog

    run = run_in(outputs)
    CsvLog(run).log_metrics({"train/loss": float("nan"), "val/loss": 1.0}, 200)
    curves = read_run(run).curves
    assert curves["train/loss"][-1, 0] == 90
    assert curves["val/loss"][-1].tolist() == [200, 1]


def test_what_is_no_run_is_named(outputs, tmp_path):
    with pytest.raises(UserError, match=r"there is no run .*nothing"):
        read_run(tmp_path / "nothing")
    with pytest.raises(UserError, match="no run"):
        find_runs(f"{tmp_path}/*", outputs)
    with pytest.raises(UserError, match=r"no run .*missing"):
        find_runs([str(run_in(outputs)), str(tmp_path / "missing")], outputs)
    change_card(run_in(outputs), verb="bench")
    with pytest.raises(UserError, match="is a run of bench"):
        read_run(run_in(outputs))


def test_the_newest_finished_run_is_found_without_being_asked_for(outputs):
    first = run_in(outputs)
    for name, status in (("9998", "finished"), ("9999", "failed")):
        shutil.copytree(first, first.parent / name)
        change_card(first.parent / name, status=status)
    assert newest_run(outputs) == first.parent / "9998"
    assert [run.path.name for run in find_runs(None, outputs)] == ["9998"]
    for card in outputs.glob("train/*/*/run.json"):
        change_card(card.parent, status="failed")
    with pytest.raises(UserError, match="no finished training run"):
        newest_run(outputs)


def test_a_run_asked_for_twice_is_shown_once(outputs):
    run = run_in(outputs)
    found = find_runs([str(run), f"{outputs}/train/*/*"], outputs)
    assert len(found) == 1
    assert load_run_card(found[0].path)["seed"] == 2


def test_seeds_are_one_condition_and_settings_several():
    seeds = [fake_record.record(0), fake_record.record(1)]
    assert list(conditions(seeds)) == ["trained"]
    mixed = conditions([*seeds, fake_record.record(0, gabor="random")])
    assert {name: len(runs) for name, runs in mixed.items()} == {
        "model.vision.gabor=frozen": 2,
        "model.vision.gabor=random": 1,
    }


@pytest.mark.parametrize(
    "override", ["phase.temperature=0.5", "data_module.augmentation.crop_area=0.08"]
)
def test_no_setting_but_the_seed_is_pooled(override):
    def run(number: int, *overrides: str) -> RunRecord:
        config = compose("train", [f"seed={number}", *overrides])
        return dataclasses.replace(fake_record.record(number), config=config)

    key = override.partition("=")[0]
    found = conditions([run(0), run(1), run(0, override)])
    assert [len(runs) for runs in found.values()] == [2, 1]
    assert list(found)[1] == override
    assert all(key in name for name in found)
    other = conditions([run(0), run(0, "model=nsca_tiny")])
    assert not any("phase." in name for name in other), "the model is named once, as the model"
