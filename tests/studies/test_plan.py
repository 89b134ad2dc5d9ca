from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from nsca.assembly import build
from nsca.job_table import Job, JobTable
from nsca.paired_table import lines
from nsca.studies.jobs import ORIGIN, with_runs
from nsca.studies.plan import _data_of
from nsca.studies.study import kept
from nsca.verb import compose


def test_a_baseline_stands_in_the_place_of_the_trained_features(plan):
    name = plan.baseline_metric("raw pixels", "val/shape/trained/fog-3")
    assert name == "val/shape/pixels/fog-3"
    assert plan.baseline_metric("raw pixels", "val/shape/scaled") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reference": "of"}, "not among"),
        ({"seeds": [0, 0]}, "repeats"),
        ({"baselines": {"on": "pixels"}}, "both"),
        ({"train": ["parts.vision=<vision>"]}, "<vision>.*no earlier run"),
        ({"conditions": {"off": [], "on": ["x=<eye>"]}}, "<eye>.*no earlier run"),
        ({"evaluate": ["x=<eye>"]}, "<eye>.*no earlier run"),
        ({"earlier": {"one": ["x=<two>"], "two": []}}, "<two>.*no earlier run"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(plan, change, message):
    with pytest.raises(ValueError, match=message):
        replace(plan, **change)


def test_repeats_of_a_fold_count_once(plan, tmp_path):
    """Four seeds of two folds are two pairs, of means; without folds they would be four."""
    results = JobTable(tmp_path / "results.csv", ORIGIN)
    for seed, value in enumerate((0.2, 0.6, 0.4, 0.8)):
        for condition in ("off", "on"):
            figures = {"val/shape/trained": value + (condition == "on")}
            results.add(Job(condition, seed), figures, dict.fromkeys(ORIGIN, "x"))
    four = replace(plan, seeds=[0, 1, 2, 3])
    table = replace(four, folds=2).table(results)
    assert table.values("off", "val/shape/trained") == pytest.approx({0: 0.3, 1: 0.7})
    assert [line.seeds for line in lines(table)[:2]] == [2, 2]
    assert [line.seeds for line in lines(four.table(results))[:2]] == [4, 4]
    replace(four, folds=2).summarise(results, tmp_path)
    assert "Compared are 2 folds" in (tmp_path / "table.md").read_text()


def test_a_seed_stands_wherever_an_override_does(plan):
    own = replace(plan, seeds=[7], conditions={"off": ["a=<seed>"]}, evaluate=["b=<seed>"])
    [job] = own.specifications(Path("there"))
    assert "a=7" in job.train
    assert "b=7" in job.evaluate


@pytest.fixture
def staged(plan):
    """Fusion above vision and audio, and audio above nothing; one condition does without vision."""
    return replace(
        plan,
        earlier={
            "vision": ["phase=vision", "data=<seed>"],
            "audio": ["phase=audio", "parts.eye=<vision>"],
            "other": ["phase=other"],
        },
        train=["phase=fusion", "parts.vision=<vision>", "parts.audio=<audio>"],
        conditions={
            "off": [],
            "on": ["parts.audio=null"],
            "bare": ["parts.audio=null", "parts.vision=null"],
        },
    )


def test_earlier_phases_come_in_order_and_only_where_they_are_asked_for(staged):
    jobs = {spec.job: spec for spec in staged.specifications(Path("there"))}
    by_condition = {job.condition: spec for job, spec in jobs.items() if job.seed == 1}
    vision = ("vision", ("phase=vision", "data=1", "outputs=there"))
    audio = ("audio", ("phase=audio", "parts.eye=<vision>", "outputs=there"))
    assert by_condition["off"].earlier == (vision, audio)
    assert by_condition["on"].earlier == (vision,)
    assert by_condition["bare"].earlier == ()
    bare = ("phase=fusion", "parts.audio=null", "parts.vision=null", "outputs=there")
    assert by_condition["bare"].train == bare, "no name is left that nothing stands for"
    silent = replace(staged, train=["parts.audio=<audio>"], conditions={"off": []})
    (first, *_) = silent.specifications(Path("there"))
    assert [name for name, _ in first.earlier] == ["vision", "audio"], (
        "audio itself asks for vision"
    )


def test_every_run_of_a_study_of_several_phases_can_be_composed():
    node = compose("study", ["study=signed_and_spoken_digits"]).study
    specs = build(node).specifications(Path("there"))
    assert len({spec.job.condition for spec in specs}) == 3
    for spec in specs:
        runs = {name: Path("somewhere") for name, _ in spec.earlier}
        for overrides in (spec.train, *(own for _, own in spec.earlier)):
            cfg = compose("train", [with_runs(override, runs) for override in overrides])
            assert cfg.data.path.endswith(f"signed_and_spoken_digits/{spec.job.seed}")
        found = compose("train", [with_runs(override, runs) for override in spec.train]).parts
        trained = None if spec.job.condition == "untrained_encoders" else "somewhere"
        assert dict(found) == {"vision": trained, "audio": trained}


def test_no_study_reports_a_part_that_has_chosen_its_weights(project):
    """Several validations and a best checkpoint are a choice by the labels of val: who reports val,
    or learns from a fraction of what val has, takes the last weights.
    """
    chosen = []
    for file in sorted((project / "conf/study").glob("*.yaml")):
        study = yaml.safe_load(file.read_text())
        if study["_target_"] != "nsca.studies.plan.StudyPlan":
            continue
        runs = [[*study["train"], *own] for own in study["conditions"].values()]
        for overrides in [*runs, *study.get("earlier", {}).values()]:
            given = dict(override.split("=", 1) for override in overrides)
            once = int(given["trainer.val_check_interval"]) >= int(given["trainer.max_steps"])
            if once or given.get("checkpoint.keep_best") == "0":
                continue
            chosen.append(file.stem)
            figures = dict.fromkeys([*study["metrics"], "forecast/val/place_m/trained"], 0.0)
            left = kept("any", figures, study["leave_out"])
            assert not [name for name in left if "/val/" in name], file.stem
            assert "data.fraction" not in given, file.stem
        if "benchmark=forecast" in study["evaluate"]:
            assert "/test/" in study["metrics"][0], file.stem
    assert set(chosen) == {"driving_signals"}


def test_conditions_that_share_phases_go_one_after_the_other(staged, plan):
    order = [(spec.job.condition, spec.job.seed) for spec in staged.specifications(Path("there"))]
    assert order == [(name, seed) for name in ("off", "on", "bare") for seed in (0, 1)]
    whole = [spec.job.seed for spec in plan.specifications(Path("there"))]
    assert whole == [0, 0, 1, 1], "without shared phases a study cut short has whole seeds"


def test_parts_say_nothing_of_the_data(plan, tmp_path):
    (tmp_path / "train" / "one").mkdir(parents=True)
    (tmp_path / "val" / "one").mkdir(parents=True)
    for split in ("train", "val"):
        np.save(tmp_path / split / "one" / "proprio_1.npy", np.zeros(3))
    data = ["phase=fusion", "model=nsca_tiny", "data=custom_folder", f"data.path={tmp_path}"]
    assert _data_of([*data, "parts.vision=<vision>"]) == _data_of([*data, "parts.vision=null"])
