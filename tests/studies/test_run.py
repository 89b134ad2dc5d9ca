from dataclasses import asdict
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from nsca.errors import UserError
from nsca.studies import run
from nsca.studies.results import Job, Provenance, StudyResults
from nsca.studies.run import run_study, specifications, summarise


def test_jobs_go_seed_by_seed_with_their_conditions_overrides(plan):
    jobs = specifications(plan, Path("elsewhere"))
    assert [s.job for s in jobs] == [Job("off", 0), Job("on", 0), Job("off", 1), Job("on", 1)]
    assert jobs[1].train == ("x=1", "outputs=elsewhere")


def test_a_study_that_was_cut_is_summarised_with_the_seeds_it_has(plan, tmp_path):
    results = StudyResults(tmp_path / "results.csv")
    where = Provenance(steps=1, seconds=1.0, commit="abc", data="def", settings="ghi")
    results.add(Job("off", 0), {"val/shape/trained": 0.5, "val/shape/pixels": 0.4}, where)
    summarise(plan, results, tmp_path)
    text = (tmp_path / "table.md").read_text()
    assert "Does it help?" in text
    assert "| on | not measured | 0 |" in text
    assert (tmp_path / "figure.png").stat().st_size > 1000


@pytest.mark.parametrize(("changed", "word"), [("settings", "settings"), ("data", "data")])
def test_finished_jobs_of_other_settings_or_data_are_refused_before_anything_runs(
    plan, tmp_path, monkeypatch, changed, word
):
    first = specifications(plan, tmp_path)[0]
    where = {"data": "now", "settings": first.settings, changed: "before"}
    results = StudyResults(tmp_path / "example" / "results.csv")
    results.add(first.job, {"val/shape/trained": 0.5}, Provenance(1, 1.0, "abc", **where))
    monkeypatch.setattr(run, "compose", lambda *_: None)
    monkeypatch.setattr(run, "build_data", lambda *_: None)
    monkeypatch.setattr(run, "fingerprint_of", lambda _: "now")
    monkeypatch.setattr(run, "run_missing", lambda *_: pytest.fail("it ran"))
    node = OmegaConf.create({"_target_": "nsca.studies.plan.StudyPlan", **asdict(plan)})
    with pytest.raises(UserError, match=f"other {word} .before.") as refusal:
        run_study(node, tmp_path, tmp_path, workers=1)
    assert "off seed=0" in str(refusal.value)
    assert "move" in refusal.value.remedy
