"""A pipeline through real processes whose commands do nothing."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_pipeline import ALL, HOME, ran, states

from nsca.errors import UserError
from nsca.pipelines import run as execution
from nsca.pipelines.journal import Journal, State


def test_every_step_runs_once_and_what_is_done_is_skipped(walk, banners, capsys):
    assert walk() == ALL
    assert set(states().values()) == {State.DONE}
    assert json.loads((HOME / "run.json").read_text())["metrics"]["steps_done"] == 5
    assert banners == [[]]
    assert capsys.readouterr().out.splitlines()[-1] == f"report: {HOME}/report.html"
    assert walk() == []
    assert "[3/5] vision: done before, outputs/train/vision/" in capsys.readouterr().out


def test_runs_of_earlier_steps_are_named_to_later_ones(walk):
    walk()
    lines = dict(line.split(": ", 1) for line in Path("commands.txt").read_text().splitlines())
    journal = Journal(HOME).records
    assert f"data.path={journal['babbling'].run}" in lines["vision"]
    assert f"run={journal['vision'].run}" in lines["visible_quantities"]


def test_changed_settings_run_again_with_what_needs_them(walk, with_settings):
    walk()
    changed = with_settings({"vision": ["phase=vision", "trainer.max_steps=3"]})
    assert walk(changed) == ["vision", "visible_quantities"]
    assert walk(changed) == []
    assert walk(with_settings({"babbling": ["interactions=48"]})) == ALL[1:]


def test_a_phase_behind_a_gate_that_did_not_pass_is_refused(walk, banners, capsys):
    Path("verdict-balloon").write_text("no_effect")
    with pytest.raises(UserError) as refusal:
        walk()
    assert ran() == ["balloon", "babble"]
    said = "vision, audio refused: gate balloon has not passed (no effect)"
    assert refusal.value.cause == said
    assert "force=true" in refusal.value.remedy
    assert states()["vision"] is states()["audio"] is State.REFUSED
    assert states()["vision_judged"] is State.WAITING
    assert banners == [["Gates have not passed.", "balloon: no effect"]]
    assert json.loads((HOME / "run.json").read_text())["status"] == "failed"


@pytest.mark.parametrize(("kind", "said"), [("weak", "weak"), ("smoke", "only a smoke run")])
def test_force_goes_on_under_a_banner(walk, banners, capsys, kind: str, said: str):
    Path("verdict-balloon").write_text(kind)
    assert walk(force=True) == ALL
    assert banners == [["FORCED past gates that have not passed.", f"balloon: {said}"]]
    shown = capsys.readouterr().out
    assert "vision: FORCED past gates that have not passed: balloon" in shown
    assert f"balloon: {said}" in shown


def test_a_gate_that_failed_is_one_that_has_not_passed(walk, banners):
    Path("fails-balloon").touch()
    with pytest.raises(UserError, match="balloon failed: balloon is broken"):
        walk(force=True)
    assert ran() == ALL
    assert banners[0][1] == "balloon: no verdict"


def test_a_failed_step_holds_up_those_that_need_it_and_no_others(walk, capsys):
    Path("fails-vision").touch()
    with pytest.raises(UserError) as failure:
        walk()
    assert ran() == ["balloon", "babble", "vision", "audio"]
    assert failure.value.cause == "vision failed: vision is broken"
    assert f"{HOME}/logs/vision.log" in failure.value.remedy
    assert "vision is broken" in (HOME / "logs/vision.log").read_text()
    assert states()["vision_judged"] is State.WAITING
    assert "vision_judged: not run, it needs vision" in capsys.readouterr().out
    Path("fails-vision").unlink()
    assert walk() == ["vision", "visible_quantities"]


def test_wrong_settings_are_named_before_anything_runs(walk, with_settings):
    with pytest.raises(UserError, match="step audio: unknown key 'phaze'"):
        walk(with_settings({"audio": ["phaze=audio"]}))
    assert ran() == []
    assert not Path("outputs").exists()


def test_absent_hardware_is_named_before_anything_runs(walk, monkeypatch):
    def refuse(profile) -> None:
        raise UserError("no such device", "hardware=cpu")

    monkeypatch.setattr(execution, "require_hardware", refuse)
    with pytest.raises(UserError, match="step vision: no such device"):
        walk()
    assert ran() == []


def test_a_second_process_is_refused(walk):
    HOME.mkdir(parents=True)
    with (HOME / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process is running in"):
            walk()
    assert walk() == ALL


def test_a_signal_ends_the_step_in_progress_and_the_same_command_continues(walk):
    Path("waits-vision").touch()
    command = [sys.executable, "-c", DRIVER]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as process:
        wait_for("vision", process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert states()["vision"] is State.STOPPED
    assert json.loads((HOME / "run.json").read_text())["status"] == "interrupted"
    assert "audio" not in ran()
    Path("waits-vision").unlink()
    assert walk() == ["vision", "visible_quantities", "audio"]


def test_killed_with_its_step_it_continues(walk):
    Path("waits-vision").touch()
    command = [sys.executable, "-c", DRIVER]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as process:
        wait_for("vision", process)
        process.kill()
    child = Journal(HOME).records["vision"].process
    with pytest.raises(UserError, match="another process is running in"):
        walk()  # its step lives on, and holds the folder
    os.kill(child, signal.SIGKILL)
    Path("waits-vision").unlink()
    wait_until(lambda: not os.path.exists(f"/proc/{child}"))
    assert states()["vision"] is State.RUNNING
    assert walk() == ["vision", "visible_quantities", "audio"]
    assert set(states().values()) == {State.DONE}


# the same pipeline and the same fake commands, in a process of its own
DRIVER = """
import sys
import fake_verbs
from nsca.pipelines import child, run
child.PYTHON = fake_verbs.SCRIPT
run.write_report = lambda *_, **__: None
from conftest import SHARED, steps
from nsca.composition import compose
from nsca.pipelines.pipeline import Pipeline
from nsca.verb import Stopped
try:
    run.run_pipeline(Pipeline(steps()), "fake", SHARED, compose("pipeline", []), force=False)
except Stopped as stop:
    sys.exit(stop.exit_code)
"""


def environment() -> dict[str, str]:
    tests = Path(__file__).parent.parent
    places = [tests / "pipelines", tests, tests.parent]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}


def wait_for(what: str, process: subprocess.Popen) -> None:
    def begun() -> bool:
        assert process.poll() is None
        return Path("commands.txt").exists() and what in ran() and state_written()

    def state_written() -> bool:
        return Journal(HOME).records.get(what) is not None

    wait_until(begun)


def wait_until(true) -> None:
    deadline = time.monotonic() + 200
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
