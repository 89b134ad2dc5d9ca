import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fake_jobs
import pytest
from fake_jobs import WHERE
from training_server import last_row, the_run, tiny_run, write_pictures

from nsca.checkpoint import checkpoints_of
from nsca.errors import UserError
from nsca.run_card import load_run_card
from nsca.studies import jobs
from nsca.studies.jobs import JobOutcome, JobSpecification, process_count, run_missing
from nsca.studies.results import Job, StudyResults
from nsca.verb import Stopped


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


def test_a_worker_told_to_stop_ends_the_study(tmp_path, monkeypatch):
    lines = []
    monkeypatch.setattr(jobs, "ProcessPoolExecutor", InlinePool)
    monkeypatch.setattr(
        jobs, "train_and_evaluate", lambda spec, _: JobOutcome(spec.job, {}, None, None, 143)
    )
    results = StudyResults(tmp_path / "results.csv")
    with pytest.raises(Stopped) as stop:
        run_missing(
            [specification("one"), specification("two")], results, 1, tmp_path, lines.append
        )
    assert stop.value.exit_code == 143
    assert lines == [
        "0 jobs done before, 2 to run",
        "1/2 one seed=0 stopped; what it trained is saved",
    ]


def test_a_worker_that_is_killed_is_reported_and_finished_rows_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "train_and_evaluate", fake_jobs.run_job)
    results = StudyResults(tmp_path / "results.csv")
    plan = [specification(name) for name in ("quick", "dies", "later", "last")]
    with pytest.raises(UserError, match="worker process died") as failure:
        run_missing(plan, results, 2, tmp_path, lambda _: None)
    assert "workers=1" in failure.value.remedy
    assert Job("quick", 0) in StudyResults(tmp_path / "results.csv").finished()


def started(script: str, place: Path) -> subprocess.Popen[str]:
    """A process that leads its own group, as one started from a terminal does."""
    tests = str(Path(__file__).parent.parent)
    return subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        cwd=place,
        env={**os.environ, "PYTHONPATH": tests},
    )


def wait_for(moment: Callable[[], bool], process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while not moment():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


def study_of(*conditions: str, before: str = "", train: tuple[str, ...] = ()) -> str:
    """A script that runs these jobs, one after another."""
    return f"""
import sys
from pathlib import Path
from nsca.studies import jobs
from nsca.studies.results import Job, StudyResults
from nsca.verb import Stopped
{before}
plan = [jobs.JobSpecification(Job(name, 0), {train}, (), "never") for name in {conditions}]
try:
    jobs.run_missing(plan, StudyResults(Path("results.csv")), 1, Path(), print)
except Stopped as stop:
    sys.exit(stop.exit_code)
"""


WITHOUT_TRAINING = "import fake_jobs; jobs.train_and_evaluate = fake_jobs.run_job"


@pytest.mark.parametrize("whole_group", [True, False])
def test_asked_to_stop_a_study_begins_nothing_more(tmp_path, whole_group):
    """Ctrl-C reaches the workers and ends a training; otherwise the job in progress is kept."""
    first = "trains" if whole_group else "waits"
    script = study_of(first, "second", before=WITHOUT_TRAINING)
    with started(script, tmp_path) as process:
        wait_for((tmp_path / f"{first}-0.log").exists, process)
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGTERM)
        (tmp_path / "asked").touch()
        said, _ = process.communicate(timeout=60)
    assert process.returncode == (130 if whole_group else 143), said
    assert "ending the jobs in progress" in said
    assert "second" not in said
    assert "failed" not in said
    kept = set() if whole_group else {Job("waits", 0)}
    assert StudyResults(tmp_path / "results.csv").finished() == kept


@pytest.mark.slow
def test_interrupted_a_study_saves_what_it_trains(tmp_path):
    overrides = [*tiny_run(write_pictures(tmp_path / "photos"), tmp_path), "trainer.max_steps=9999"]
    with started(study_of("one", "two", train=tuple(overrides)), tmp_path) as process:
        wait_for(lambda: last_row(tmp_path) >= 0, process)
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "one seed=0 stopped" in said
    assert not (tmp_path / "two-0.log").exists()
    run = the_run(tmp_path)
    assert load_run_card(run)["status"] == "interrupted"
    assert checkpoints_of(run)


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    log = tmp_path / "hangs-0.log"
    with started(study_of("hangs", before=WITHOUT_TRAINING), tmp_path) as process:
        wait_for(lambda: log.exists() and log.read_text() != "", process)
        process.kill()
        try:
            process.communicate(timeout=30)  # until nobody holds the other end, the worker neither
        except subprocess.TimeoutExpired:
            os.kill(int(log.read_text()), signal.SIGKILL)
            raise


def test_a_training_that_was_stopped_is_no_failure(tmp_path, monkeypatch):
    def stopped(_):
        raise Stopped(tmp_path, 143)

    monkeypatch.setattr("nsca.training.run_training", stopped)
    outcome = jobs.train_and_evaluate(specification("one"), tmp_path / "log")
    assert (outcome.stopped, outcome.error, outcome.provenance) == (143, None, None)


def test_the_number_of_processes(monkeypatch):
    monkeypatch.setattr(jobs, "available_cores", lambda: 3)
    assert (process_count(None), process_count(2)) == (3, 2)
    with pytest.raises(UserError, match="workers=0"):
        process_count(0)


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
