import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fake_jobs
import pytest
from fake_jobs import ORIGIN, WHERE, InlinePool, Task

from nsca import jobs
from nsca.errors import UserError
from nsca.job_table import Job, JobTable
from nsca.jobs import JobOutcome, process_count, run_missing
from nsca.verb import Stopped


def table(place: Path) -> JobTable:
    return JobTable(place / "results.csv", ORIGIN)


def task(condition: str) -> Task:
    return Task(Job(condition, 0))


def test_finished_jobs_are_not_run_again_and_failures_do_not_stop_the_rest(tmp_path, monkeypatch):
    ran, said = [], []

    def pretend(spec, log):
        ran.append(spec.job.condition)
        if spec.job.condition == "broken":
            return JobOutcome(spec.job, {}, None, "ValueError: no")
        return JobOutcome(spec.job, {"accuracy": 0.5}, WHERE, None, series={"loss": [2.0, 1.0]})

    monkeypatch.setattr(jobs, "ProcessPoolExecutor", InlinePool)
    results = table(tmp_path)
    results.add(Job("done", 0), {"accuracy": 0.9}, WHERE)
    plan = [task(name) for name in ("done", "broken", "new")]
    failures = run_missing(plan, pretend, results, 1, tmp_path, said.append)
    assert sorted(ran) == ["broken", "new"]
    assert [failure.job for failure in failures] == [Job("broken", 0)]
    assert table(tmp_path).finished() == {Job("done", 0), Job("new", 0)}
    assert table(tmp_path).series_of(Job("new", 0)) == {"loss": [2.0, 1.0]}
    assert any("broken seed=0 failed: ValueError: no" in line for line in said)


def test_missing_jobs_put_together_are_done_in_one_go_and_kept_one_by_one(tmp_path, monkeypatch):
    gathered, said = [], []

    def gather(missing):
        gathered.extend(spec.job.condition for spec in missing)
        return missing[:1]

    def pretend(spec, _):
        return [
            JobOutcome(spec.job, {"accuracy": 0.5}, WHERE, None),
            JobOutcome(Job("second", 0), {}, None, "ValueError: no"),
            JobOutcome(Job("third", 0), {"accuracy": 0.7}, WHERE, None),
        ]

    monkeypatch.setattr(jobs, "ProcessPoolExecutor", InlinePool)
    results = table(tmp_path)
    results.add(Job("done", 0), {"accuracy": 0.9}, WHERE)
    plan = [task(name) for name in ("done", "first", "second", "third")]
    failures = run_missing(plan, pretend, results, 1, tmp_path, said.append, gather=gather)
    assert gathered == ["first", "second", "third"]
    assert [failure.job for failure in failures] == [Job("second", 0)]
    assert table(tmp_path).finished() == {Job(name, 0) for name in ("done", "first", "third")}
    assert said[0] == "1 jobs done before, 3 to run"
    assert said[-1] == "3/3 third seed=0 (1 s)"


def test_a_worker_told_to_stop_ends_it_all(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(jobs, "ProcessPoolExecutor", InlinePool)

    def stopped(spec, _):
        return JobOutcome(spec.job, {}, None, None, 143)

    with pytest.raises(Stopped) as stop:
        run_missing([task("one"), task("two")], stopped, table(tmp_path), 1, tmp_path, said.append)
    assert stop.value.exit_code == 143
    assert said == [
        "0 jobs done before, 2 to run",
        "1/2 one seed=0 stopped; what it trained is saved",
    ]


def test_no_process_starts_when_everything_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "ProcessPoolExecutor", lambda *_: pytest.fail("a pool was made"))
    results = table(tmp_path)
    results.add(Job("done", 0), {"accuracy": 0.9}, WHERE)
    assert run_missing([task("done")], fake_jobs.run_job, results, 1, tmp_path, print) == []


def test_a_worker_that_is_killed_is_reported_and_finished_rows_stay(tmp_path):
    plan = [task(name) for name in ("quick", "dies", "later", "last")]
    with pytest.raises(UserError, match="worker process died") as failure:
        run_missing(plan, fake_jobs.run_job, table(tmp_path), 2, tmp_path, lambda _: None)
    assert "workers=1" in failure.value.remedy
    assert Job("quick", 0) in table(tmp_path).finished()


def started(script: str, place: Path) -> subprocess.Popen[str]:
    """A process that leads its own group, as one started from a terminal does."""
    tests = str(Path(__file__).parent)
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


def jobs_of(*conditions: str) -> str:
    """A script that runs these jobs, one after another."""
    return f"""
import sys
from pathlib import Path
import fake_jobs
from nsca import jobs
from nsca.job_table import Job, JobTable
from nsca.verb import Stopped
plan = [fake_jobs.Task(Job(name, 0)) for name in {conditions}]
table = JobTable(Path("results.csv"), fake_jobs.ORIGIN)
try:
    jobs.run_missing(plan, fake_jobs.run_job, table, 1, Path(), print)
except Stopped as stop:
    sys.exit(stop.exit_code)
"""


@pytest.mark.parametrize("whole_group", [True, False])
def test_asked_to_stop_nothing_more_begins(tmp_path, whole_group):
    """Ctrl-C reaches the workers and ends a training; otherwise the job in progress is kept."""
    first = "trains" if whole_group else "waits"
    with started(jobs_of(first, "second"), tmp_path) as process:
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
    assert table(tmp_path).finished() == (set() if whole_group else {Job("waits", 0)})


def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    log = tmp_path / "hangs-0.log"
    with started(jobs_of("hangs"), tmp_path) as process:
        wait_for(lambda: log.exists() and log.read_text() != "", process)
        process.kill()
        try:
            process.communicate(timeout=30)  # until nobody holds the other end, the worker neither
        except subprocess.TimeoutExpired:
            os.kill(int(log.read_text()), signal.SIGKILL)
            raise


def test_the_number_of_processes(monkeypatch):
    monkeypatch.setattr(jobs, "available_cores", lambda: 3)
    assert (process_count(None), process_count(2)) == (3, 2)
    with pytest.raises(UserError, match="workers=0"):
        process_count(0)
