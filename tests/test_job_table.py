import pytest

from nsca.errors import UserError
from nsca.job_table import Job, JobTable

ORIGIN = ("seconds", "settings")
WHERE = {"seconds": "1.5", "settings": "ghi"}


def test_a_job_survives_reopening_and_is_never_added_twice(tmp_path):
    path = tmp_path / "deep" / "results.csv"
    results = JobTable(path, ORIGIN)
    assert results.finished() == set()
    results.add(Job("ours", 3), {"accuracy": 0.5, "loss": 1.25}, WHERE)
    again = JobTable(path, ORIGIN)
    assert again.finished() == {Job("ours", 3)}
    assert again.values("ours", "accuracy") == {3: 0.5}
    assert again.values("ours", "loss") == {3: 1.25}
    with pytest.raises(ValueError, match="already"):
        again.add(Job("ours", 3), {"accuracy": 0.9}, WHERE)


def test_a_job_without_metrics_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no metrics"):
        JobTable(tmp_path / "results.csv", ORIGIN).add(Job("ours", 0), {}, WHERE)


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    results = JobTable(path, ORIGIN)
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
    JobTable(path, ORIGIN).add(Job("ours", 0), {"accuracy": 0.5}, WHERE)
    with path.open("a") as file:
        file.write("ours,1,accuracy,0.9\n")
    again = JobTable(path, ORIGIN)
    assert again.values("ours", "accuracy") == {0: 0.5}
    again.add(Job("ours", 1), {"accuracy": 0.7}, WHERE)
    assert JobTable(path, ORIGIN).values("ours", "accuracy") == {0: 0.5, 1: 0.7}


def test_a_table_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="columns"):
        JobTable(path, ORIGIN)


def test_jobs_that_were_made_otherwise_are_named(tmp_path):
    results = JobTable(tmp_path / "results.csv", ORIGIN)
    results.add(Job("off", 0), {"accuracy": 0.5}, WHERE)
    results.add(Job("on", 0), {"accuracy": 0.5}, WHERE)
    now = {Job("off", 0): "ghi", Job("on", 0): "ghi", Job("on", 1): "ghi"}
    assert results.made_otherwise("settings", now) == {}
    assert results.made_otherwise("settings", {**now, Job("on", 0): "new"}) == {Job("on", 0): "ghi"}
    del now[Job("off", 0)]  # a condition that the study dropped
    assert results.made_otherwise("settings", now) == {Job("off", 0): "ghi"}


def test_curves_are_kept_beside_the_table(tmp_path):
    table = JobTable(tmp_path / "results.csv", ORIGIN)
    series = {"step": [0, 1, 2], "weight": [0.9, 0.812345, 0.7]}
    table.add(Job("ours", 3), {"accuracy": 0.5}, WHERE, series)
    again = JobTable(tmp_path / "results.csv", ORIGIN)
    assert again.series_of(Job("ours", 3)) == series
    assert again.series_of(Job("theirs", 3)) == {}
    assert again.metrics_of(Job("ours", 3)) == {"accuracy": 0.5}
    with pytest.raises(ValueError, match="shorter"):
        table.add(Job("ours", 4), {"accuracy": 0.5}, WHERE, {"step": [0, 1], "weight": [0.9]})


def test_an_origin_that_the_table_does_not_have_is_refused(tmp_path):
    with pytest.raises(ValueError, match="origin"):
        JobTable(tmp_path / "results.csv", ORIGIN).add(
            Job("ours", 0), {"accuracy": 0.5}, {**WHERE, "mood": "good"}
        )
