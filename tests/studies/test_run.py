from pathlib import Path

from nsca.studies.results import Job, Provenance, StudyResults
from nsca.studies.run import specifications, summarise


def test_jobs_go_seed_by_seed_with_their_conditions_overrides(plan):
    jobs = specifications(plan, Path("elsewhere"))
    assert [s.job for s in jobs] == [Job("off", 0), Job("on", 0), Job("off", 1), Job("on", 1)]
    assert jobs[1].train == ("x=1", "outputs=elsewhere")


def test_a_study_that_was_cut_is_summarised_with_the_seeds_it_has(plan, tmp_path):
    results = StudyResults(tmp_path / "results.csv")
    where = Provenance(steps=1, seconds=1.0, commit="abc", data="def")
    results.add(Job("off", 0), {"val/shape/trained": 0.5, "val/shape/pixels": 0.4}, where)
    summarise(plan, results, tmp_path)
    text = (tmp_path / "table.md").read_text()
    assert "Does it help?" in text
    assert "| on | not measured | 0 |" in text
    assert (tmp_path / "figure.png").stat().st_size > 1000
