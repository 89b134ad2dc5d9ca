import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from training_server import last_row, the_run, tiny_run, write_pictures

from nsca.checkpoint import checkpoints_of
from nsca.job_table import Job
from nsca.run_card import load_run_card
from nsca.studies import jobs
from nsca.studies.jobs import JobSpecification
from nsca.verb import Stopped

SCRIPT = """
import sys
from pathlib import Path
from nsca.job_table import Job, JobTable
from nsca.jobs import run_missing
from nsca.studies import jobs
from nsca.verb import Stopped
plan = [jobs.JobSpecification(Job(name, 0), {train}, (), "never") for name in ("one", "two")]
table = JobTable(Path("results.csv"), jobs.ORIGIN)
try:
    run_missing(plan, jobs.train_and_evaluate, table, 1, Path(), print)
except Stopped as stop:
    sys.exit(stop.exit_code)
"""


@pytest.mark.slow
def test_interrupted_a_study_saves_what_it_trains(tmp_path):
    overrides = [*tiny_run(write_pictures(tmp_path / "photos"), tmp_path), "trainer.max_steps=9999"]
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(train=tuple(overrides))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # leads its own group, as one started from a terminal does
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    ) as process:
        deadline = time.monotonic() + 120
        while last_row(tmp_path) < 0:
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "one seed=0 stopped" in said
    assert not (tmp_path / "two-0.log").exists()
    run = the_run(tmp_path)
    assert load_run_card(run)["status"] == "interrupted"
    assert checkpoints_of(run)


def test_a_training_that_was_stopped_is_no_failure(tmp_path, monkeypatch):
    def stopped(_):
        raise Stopped(tmp_path, 143)

    monkeypatch.setattr("nsca.training.run_training", stopped)
    spec = JobSpecification(Job("one", 0), (), (), "never")
    outcome = jobs.train_and_evaluate(spec, tmp_path / "log")
    assert (outcome.stopped, outcome.error, outcome.origin) == (143, None, None)


def test_a_job_that_cannot_start_is_an_outcome_with_its_traceback_in_the_log(tmp_path):
    log = tmp_path / "logs" / "job.log"
    spec = JobSpecification(Job("wrong", 0), ("phase=visoin",), (), "never")
    outcome = jobs.train_and_evaluate(spec, log)
    assert outcome.origin is None
    assert "visoin" in (outcome.error or "")
    assert "Traceback" in log.read_text()


@pytest.fixture
def verbs(monkeypatch, tmp_path) -> list[tuple[str, list[str]]]:
    """Training and evaluation that only note what they are asked for."""
    asked: list[tuple[str, list[str]]] = []
    figures = {"steps": 7.0, "found": 0.5}
    card = {"seconds": 2.5, "commit": "abc", "data_fingerprint": "d" * 64, "metrics": figures}

    def note(verb: str, overrides: list[str]) -> Path:
        asked.append((verb, overrides))
        return tmp_path / f"run{len(asked)}"

    monkeypatch.setattr(jobs, "compose", lambda verb, overrides: (verb, overrides))
    monkeypatch.setattr("nsca.training.run_training", lambda cfg: note(*cfg))
    monkeypatch.setattr("nsca.evaluate.evaluate", lambda cfg: note(*cfg))
    monkeypatch.setattr("nsca.run_card.load_run_card", lambda _: card)
    return asked


def test_runs_of_earlier_phases_are_handed_on_by_name(verbs, tmp_path):
    earlier = (("eye", ("phase=vision",)), ("ear", ("phase=audio", "parts.eye=<eye>")))
    train = ("phase=fusion", "parts.vision=<eye>", "parts.audio=<ear>")
    spec = JobSpecification(Job("one", 3), train, ("b=2",), "never", earlier)
    outcome = jobs.train_and_evaluate(spec, tmp_path / "log")
    assert outcome.error is None
    own = ["seed=3", "resume=auto"]
    assert verbs == [
        ("train", ["phase=vision", *own]),
        ("train", ["phase=audio", f"parts.eye={tmp_path}/run1", *own]),
        (
            "train",
            ["phase=fusion", f"parts.vision={tmp_path}/run1", f"parts.audio={tmp_path}/run2", *own],
        ),
        ("evaluate", ["b=2", f"run={tmp_path}/run3", "seed=3"]),
    ]
    assert outcome.origin is not None
    assert (outcome.origin["steps"], outcome.origin["seconds"]) == ("7+7+7", "7.5")
    assert outcome.metrics["found"] == 0.5


def test_the_weight_of_the_prior_is_kept_and_nothing_else_of_the_training(
    verbs, tmp_path, monkeypatch
):
    weights = {"run1": 0.9, "run2": 0.6}
    card = {"seconds": 1.0, "data_fingerprint": "", "commit": "abc"}

    def load(run: Path) -> dict[str, object]:
        if run.name == "run3":
            return {**card, "metrics": {"found": 0.5}}
        own = {"steps": 1.0, "train/prior_weight": weights[run.name], "train/loss": 3.0}
        return {**card, "metrics": own}

    monkeypatch.setattr("nsca.run_card.load_run_card", load)
    earlier = (("dynamics", ("phase=dynamics",)),)
    spec = JobSpecification(Job("one", 0), ("phase=full",), (), "never", earlier)
    outcome = jobs.train_and_evaluate(spec, tmp_path / "log")
    assert outcome.metrics == {"train/prior_weight": 0.6, "found": 0.5}


def test_a_job_of_one_phase_has_its_steps_alone(verbs, tmp_path):
    spec = JobSpecification(Job("one", 0), ("phase=vision",), (), "never")
    outcome = jobs.train_and_evaluate(spec, tmp_path / "log")
    assert outcome.origin is not None
    assert (outcome.origin["steps"], outcome.origin["seconds"]) == ("7", "2.5")
    assert outcome.origin["commit"] == "abc", "the same commit is named once"


def test_a_job_made_by_several_commits_names_them_in_order(verbs, tmp_path, monkeypatch):
    made = {"run1": "old", "run2": "older", "run3": "old", "run4": "new-dirty"}
    card = {"seconds": 1.0, "data_fingerprint": "", "metrics": {"steps": 1.0}}
    monkeypatch.setattr(
        "nsca.run_card.load_run_card", lambda run: {**card, "commit": made[run.name]}
    )
    earlier = (("eye", ("phase=vision",)), ("ear", ("phase=audio",)))
    spec = JobSpecification(Job("one", 0), ("phase=fusion",), (), "never", earlier)
    outcome = jobs.train_and_evaluate(spec, tmp_path / "log")
    assert outcome.origin is not None
    assert outcome.origin["commit"] == "old+older+new-dirty"


def test_settings_change_with_any_override_but_not_with_the_place_of_outputs():
    base = JobSpecification(Job("on", 0), ("a=1", "outputs=here"), ("b=2", "outputs=here"), "never")
    elsewhere = ("a=1", "outputs=there"), ("b=2", "outputs=there")
    assert JobSpecification(Job("on", 7), *elsewhere, "never").settings == base.settings
    others = [
        JobSpecification(base.job, ("a=2",), base.evaluate, "never"),
        JobSpecification(base.job, base.train, ("b=3",), "never"),
        JobSpecification(base.job, base.train, base.evaluate, "other"),
        JobSpecification(base.job, (*base.train, *base.evaluate), (), "never"),
        JobSpecification(base.job, base.train, base.evaluate, "never", (("eye", ("a=3",)),)),
    ]
    assert base.settings not in {other.settings for other in others}
    staged = [
        JobSpecification(base.job, base.train, (), "never", (("eye", (f"outputs={place}",)),))
        for place in ("here", "there")
    ]
    assert staged[0].settings == staged[1].settings


def test_settings_of_finished_studies_are_what_they_were():
    spec = JobSpecification(Job("on", 0), ("a=1", "outputs=here"), ("b=2",), "never")
    assert spec.settings == hashlib.sha256(b'[["a=1"], ["b=2"], "never"]').hexdigest()[:12]
