import pytest

from nsca.studies.results import Job, Provenance, StudyResults

WHERE = Provenance(steps=10, seconds=1.5, commit="abc", data="def", settings="ghi")


def test_a_job_survives_reopening_and_is_never_added_twice(tmp_path):
    path = tmp_path / "deep" / "results.csv"
    results = StudyResults(path)
    assert results.finished() == set()
    results.add(Job("ours", 3), {"accuracy": 0.5, "loss": 1.25}, WHERE)
    again = StudyResults(path)
    assert again.finished() == {Job("ours", 3)}
    assert again.values("ours", "accuracy") == {3: 0.5}
    assert again.values("ours", "loss") == {3: 1.25}
    with pytest.raises(ValueError, match="already"):
        again.add(Job("ours", 3), {"accuracy": 0.9}, WHERE)


def test_a_job_without_metrics_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no metrics"):
        StudyResults(tmp_path / "results.csv").add(Job("ours", 0), {}, WHERE)


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    results = StudyResults(path)
    results.add(Job("ours", 0), {"accuracy": 0.5}, WHERE)
    before = path.read_bytes(), results.jobs_path.read_bytes()

    def full(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        results.add(Job("ours", 1), {"accuracy": 0.6}, WHERE)
    assert (path.read_bytes(), results.jobs_path.read_bytes()) == before
    assert results.finished() == {Job("ours", 0)}


def test_figures_of_a_job_cut_between_the_two_files_do_not_count(tmp_path):
    path = tmp_path / "results.csv"
    StudyResults(path).add(Job("ours", 0), {"accuracy": 0.5}, WHERE)
    with path.open("a") as file:
        file.write("ours,1,accuracy,0.9\n")
    again = StudyResults(path)
    assert again.values("ours", "accuracy") == {0: 0.5}
    again.add(Job("ours", 1), {"accuracy": 0.7}, WHERE)
    assert StudyResults(path).values("ours", "accuracy") == {0: 0.5, 1: 0.7}


def test_a_table_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="columns"):
        StudyResults(path)


def test_jobs_that_were_made_otherwise_are_named(tmp_path):
    results = StudyResults(tmp_path / "results.csv")
    results.add(Job("off", 0), {"accuracy": 0.5}, WHERE)
    results.add(Job("on", 0), {"accuracy": 0.5}, WHERE)
    now = {Job("off", 0): "ghi", Job("on", 0): "ghi", Job("on", 1): "ghi"}
    assert results.made_otherwise("settings", now) == {}
    assert results.made_otherwise("settings", {**now, Job("on", 0): "new"}) == {Job("on", 0): "ghi"}
    del now[Job("off", 0)]  # a condition that the study dropped
    assert results.made_otherwise("settings", now) == {Job("off", 0): "ghi"}
