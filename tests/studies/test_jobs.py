from nsca.studies import jobs
from nsca.studies.jobs import JobOutcome, JobSpecification, run_missing
from nsca.studies.results import Job, Provenance, StudyResults

WHERE = Provenance(steps=1, seconds=1.0, commit="abc", data="def", settings="ghi")


class InlinePool:
    """Runs each job at once in this process; real processes would import the suite twice."""

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *arguments):
        from concurrent.futures import Future

        future = Future()
        future.set_result(function(*arguments))
        return future


def specification(condition: str) -> JobSpecification:
    return JobSpecification(Job(condition, 0), (), (), "never")


def test_finished_jobs_are_not_run_again_and_failures_do_not_stop_the_rest(tmp_path, monkeypatch):
    ran, lines = [], []

    def pretend(spec, log):
        ran.append(spec.job.condition)
        if spec.job.condition == "broken":
            return JobOutcome(spec.job, {}, None, "ValueError: no")
        return JobOutcome(spec.job, {"accuracy": 0.5}, WHERE, None)

    monkeypatch.setattr(jobs, "ProcessPoolExecutor", InlinePool)
    monkeypatch.setattr(jobs, "train_and_evaluate", pretend)
    results = StudyResults(tmp_path / "results.csv")
    results.add(Job("done", 0), {"accuracy": 0.9}, WHERE)
    plan = [specification(name) for name in ("done", "broken", "new")]
    failures = run_missing(plan, results, 1, tmp_path, lines.append)
    assert sorted(ran) == ["broken", "new"]
    assert [failure.job for failure in failures] == [Job("broken", 0)]
    assert StudyResults(tmp_path / "results.csv").finished() == {Job("done", 0), Job("new", 0)}
    assert any("broken seed=0 failed: ValueError: no" in line for line in lines)


def test_a_job_that_cannot_start_is_an_outcome_with_its_traceback_in_the_log(tmp_path):
    log = tmp_path / "logs" / "job.log"
    spec = JobSpecification(Job("wrong", 0), ("phase=visoin",), (), "never")
    outcome = jobs.train_and_evaluate(spec, log)
    assert outcome.provenance is None
    assert "visoin" in (outcome.error or "")
    assert "Traceback" in log.read_text()


def test_settings_change_with_any_override_but_not_with_the_place_of_outputs():
    base = JobSpecification(Job("on", 0), ("a=1", "outputs=here"), ("b=2", "outputs=here"), "never")
    elsewhere = ("a=1", "outputs=there"), ("b=2", "outputs=there")
    assert JobSpecification(Job("on", 7), *elsewhere, "never").settings == base.settings
    others = [
        JobSpecification(base.job, ("a=2",), base.evaluate, "never"),
        JobSpecification(base.job, base.train, ("b=3",), "never"),
        JobSpecification(base.job, base.train, base.evaluate, "other"),
        JobSpecification(base.job, (*base.train, *base.evaluate), (), "never"),
    ]
    assert base.settings not in {other.settings for other in others}
