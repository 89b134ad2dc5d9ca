from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.studies import plan as plan_module
from nsca.studies import run
from nsca.studies.jobs import ORIGIN
from nsca.studies.plan import StudyPlan
from nsca.studies.run import run_study
from nsca.verb import Stopped


def test_jobs_go_seed_by_seed_with_their_conditions_overrides(plan):
    jobs = plan.specifications(Path("elsewhere"))
    assert [s.job for s in jobs] == [Job("off", 0), Job("on", 0), Job("off", 1), Job("on", 1)]
    assert jobs[1].train == ("x=1", "outputs=elsewhere")


def test_a_study_that_was_cut_is_summarised_with_the_seeds_it_has(plan, tmp_path):
    results = JobTable(tmp_path / "results.csv", ORIGIN)
    where = dict.fromkeys(ORIGIN, "1")
    results.add(Job("off", 0), {"val/shape/trained": 0.5, "val/shape/pixels": 0.4}, where)
    plan.summarise(results, tmp_path)
    text = (tmp_path / "table.md").read_text()
    assert "Does it help?" in text
    assert "| on | not measured | 0 |" in text
    assert (tmp_path / "figure.png").stat().st_size > 1000


def started(
    plan: StudyPlan, place: Path, workers: int = 1, seeds_at_once: bool | None = None
) -> Path:
    node = OmegaConf.create({"_target_": "nsca.studies.plan.StudyPlan", **asdict(plan)})
    return run_study(node, place, place, workers, seeds_at_once)


@pytest.mark.parametrize(("changed", "word"), [("settings", "settings"), ("data", "data")])
def test_finished_jobs_of_other_settings_or_data_are_refused_before_anything_runs(
    plan, tmp_path, monkeypatch, changed, word
):
    first = plan.specifications(tmp_path)[0]
    where = {"data": "now", "settings": first.settings, changed: "before"}
    results = JobTable(tmp_path / "example" / "results.csv", ORIGIN)
    results.add(
        first.job,
        {"val/shape/trained": 0.5},
        {"steps": "1", "seconds": "1", "commit": "abc", **where},
    )
    monkeypatch.setattr(plan_module, "_data_of", lambda _: "now")
    monkeypatch.setattr(run, "run_missing", lambda *_, **__: pytest.fail("it ran"))
    if changed == "settings":
        monkeypatch.setattr(StudyPlan, "prepare", lambda _: pytest.fail("data was made first"))
    with pytest.raises(UserError, match=f"other {word} .before.") as refusal:
        started(plan, tmp_path)
    assert "off seed=0" in str(refusal.value)
    assert "move" in refusal.value.remedy


def test_a_condition_may_have_data_of_its_own(plan, tmp_path, monkeypatch):
    asked = []

    def data_of(train):
        asked.append(train)
        return "other" if "x=1" in train else "usual"

    results = JobTable(tmp_path / "example" / "results.csv", ORIGIN)
    for spec, data in zip(plan.specifications(tmp_path), ["usual", "other"], strict=False):
        where = dict(zip(ORIGIN, ("1", "1", "abc", data, spec.settings), strict=True))
        results.add(spec.job, {"val/shape/trained": 0.5, "val/shape/pixels": 0.4}, where)
    monkeypatch.setattr(plan_module, "_data_of", data_of)
    monkeypatch.setattr(run, "run_missing", lambda *_, **__: [])
    assert started(plan, tmp_path) == tmp_path / "example"
    assert len(asked) == 2, "once a condition, not once a job"
    monkeypatch.setattr(plan_module, "_data_of", lambda _: "usual")
    with pytest.raises(UserError, match=r"such as on seed=0, were made with other data .other."):
        started(plan, tmp_path)


def test_seeds_may_be_folds_of_the_data(plan, tmp_path, monkeypatch):
    asked = set()
    monkeypatch.setattr(plan_module, "_data_of", lambda train: asked.add(train[0]) or "usual")
    monkeypatch.setattr(run, "run_missing", lambda *_, **__: [])
    started(replace(plan, train=["data.path=folds/<seed>"], seeds=[0, 3]), tmp_path)
    assert asked == {"data.path=folds/0", "data.path=folds/3"}


def test_a_study_that_is_stopped_is_summarised_too(plan, tmp_path, monkeypatch):
    def stopped(*_, **__):
        raise Stopped(tmp_path, 130)

    monkeypatch.setattr(plan_module, "_data_of", lambda _: "usual")
    monkeypatch.setattr(run, "run_missing", stopped)
    with pytest.raises(Stopped):
        started(plan, tmp_path)
    assert "not measured" in (tmp_path / "example" / "table.md").read_text()


def test_no_process_is_refused_before_data_is_made(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(plan_module, "babble", lambda _: pytest.fail("it made data"))
    with pytest.raises(UserError, match="workers=0"):
        started(replace(plan, babble=[]), tmp_path, workers=0)


def test_seeds_at_once_are_refused_before_data_is_made_where_seeds_cannot(
    plan, tmp_path, monkeypatch
):
    monkeypatch.setattr(plan_module, "babble", lambda _: pytest.fail("it made data"))
    with pytest.raises(UserError, match=r"seeds_at_once=true: .* example") as refusal:
        started(replace(plan, babble=[]), tmp_path, seeds_at_once=True)
    assert "leave it out" in refusal.value.remedy


@pytest.mark.parametrize(
    ("able", "asked", "cuda", "expected"),
    [
        (True, None, True, True),
        (True, None, False, False),
        (True, True, False, True),
        (True, False, True, False),
        (False, None, True, False),
        (False, False, True, False),
    ],
)
def test_left_open_seeds_train_at_once_where_they_can_and_a_gpu_is(
    plan, tmp_path, monkeypatch, able, asked, cuda, expected
):
    seen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(StudyPlan, "trains_at_once", able)
    monkeypatch.setattr(plan_module, "_data_of", lambda _: "usual")
    monkeypatch.setattr(run, "run_missing", lambda *_, gather: seen.append(gather) or [])
    started(plan, tmp_path, seeds_at_once=asked)
    assert (seen[0] is not None) == expected
