"""The executor, through real processes whose commands do nothing."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from nsca.composition import compose
from nsca.errors import UserError
from nsca.hardware import usable_cores
from nsca.pipelines import run as execution
from nsca.pipelines.child import Child
from nsca.pipelines.journal import Journal, State
from nsca.pipelines.run import run_pipeline, shares_of_cores
from nsca.verb import Stopped

HOME = Path("outputs/pipeline/fake")
ALL = ["balloon", "babble", "vision", "visible_quantities", "audio"]


@pytest.fixture
def banners(monkeypatch) -> list[list[str]]:
    """What the page would say above everything; no page is made."""
    found: list[list[str]] = []

    def write_report(progress, name, home, *, force):
        found.append(execution.banner(progress, force=force))

    monkeypatch.setattr(execution, "write_report", write_report)
    return found


@pytest.fixture
def walk(fake_commands, banners, pipeline, shared):
    """Runs the pipeline; returns the steps whose commands ran."""

    def go(other=None, force: bool = False, at_once: int = 1) -> list[str]:
        fake_commands.write_text("")
        cfg = compose("pipeline", [])
        run_pipeline(other or pipeline, "fake", shared, cfg, force=force, at_once=at_once)
        return ran()

    return go


def ran() -> list[str]:
    return [line.split(":")[0] for line in Path("commands.txt").read_text().splitlines()]


def states() -> dict[str, State]:
    return {name: record.state for name, record in Journal(HOME).records.items()}


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


class Beginning(Child):
    """A child as the executor begins it, after something else has happened."""

    then: ClassVar[Callable[[str], None]]

    def __init__(self, verb: str, overrides: Sequence[str], log: Path, **settings) -> None:
        type(self).then(log.stem)
        super().__init__(verb, overrides, log, **settings)


@pytest.fixture
def as_each_begins(monkeypatch):
    """Sets what happens as a step begins, by its name."""

    def then(action: Callable[[str], None]) -> None:
        monkeypatch.setattr(Beginning, "then", staticmethod(action), raising=False)
        monkeypatch.setattr(execution, "Child", Beginning)

    return then


@pytest.mark.parametrize("at_once", [1, 2])
def test_a_stop_is_told_to_the_caller(walk, as_each_begins, two_cores, at_once: int):
    Path("waits-balloon").touch()
    Path("waits-babble").touch()
    last = ["balloon", "babbling"][at_once - 1]
    as_each_begins(lambda name: os.kill(os.getpid(), signal.SIGINT) if name == last else None)
    with pytest.raises(Stopped) as stop:
        walk(at_once=at_once)
    assert stop.value.exit_code == 128 + signal.SIGINT
    assert stop.value.run_directory == HOME
    assert list(states().values()) == [State.STOPPED] * at_once


@pytest.fixture
def two_cores(monkeypatch) -> None:
    """Whatever this machine has, two steps may share it."""
    cores = usable_cores()
    monkeypatch.setattr(execution, "usable_cores", lambda: [cores[0], cores[-1]])


def test_steps_that_do_not_need_each_other_run_side_by_side(
    walk, as_each_begins, two_cores, capsys
):
    """Each of two waits until the other has begun."""
    Path("waits-vision").touch()
    Path("waits-audio").touch()
    begun: list[str] = []

    def then(name: str) -> None:
        begun.append(name)
        if {"vision", "audio"} <= set(begun):
            Path("waits-vision").unlink(missing_ok=True)
            Path("waits-audio").unlink(missing_ok=True)

    as_each_begins(then)
    assert sorted(walk(at_once=2)) == sorted(ALL)
    assert begun[-3:] == ["vision", "audio", "vision_judged"], "first what others wait for"
    assert set(states().values()) == {State.DONE}
    lines = Path("commands.txt").read_text().splitlines()
    asked = {line.split(":")[0]: "workers=1" in line for line in lines}
    assert asked["balloon"], "the gate's file says two, and it has one core"
    assert not asked["vision"]
    shown = capsys.readouterr()
    assert "vision: doing vision" in shown.err
    assert shown.out.splitlines()[-1] == f"report: {HOME}/report.html"
    assert walk(at_once=2) == []


def test_at_once_a_failure_holds_up_no_others(walk, two_cores):
    Path("fails-vision").touch()
    with pytest.raises(UserError, match="vision failed: vision is broken"):
        walk(at_once=2)
    assert sorted(ran()) == ["audio", "babble", "balloon", "vision"]
    assert states()["vision_judged"] is State.WAITING


def test_side_by_side_each_has_its_share_of_the_cores(monkeypatch, capsys):
    monkeypatch.setattr(execution, "usable_cores", lambda: [0, 2, 3, 5, 7])
    assert shares_of_cores(1) == [frozenset()]
    assert shares_of_cores(2) == [{0, 3, 7}, {2, 5}]
    with pytest.raises(UserError, match="steps_at_once=0: there is nothing"):
        shares_of_cores(0)
    assert capsys.readouterr().err == ""
    assert shares_of_cores(6) == [{0}, {2}, {3}, {5}, {7}]
    assert "steps_at_once=6, but this machine gives 5 cores" in capsys.readouterr().err


def test_an_error_of_the_walk_leaves_no_command_behind(walk, as_each_begins, two_cores):
    Path("waits-balloon").touch()

    def then(name: str) -> None:
        if name == "babbling":
            raise RuntimeError("as after a bug")

    as_each_begins(then)
    with pytest.raises(RuntimeError, match="as after a bug"):
        walk(at_once=2)
    assert not os.path.exists(f"/proc/{Journal(HOME).records['balloon'].process}")


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
