import os
import signal
import time
from pathlib import Path

import pytest

from nsca.pipelines.child import Child, Ending

LOG = Path("step.log")


def begin(verb: str, *overrides: str, title="", cores=(), inherited=()) -> Child:
    return Child(verb, overrides, LOG, title=title, cores=cores, inherited=inherited)


def end(child: Child) -> Ending:
    while (ending := child.look()) is None:
        time.sleep(0.01)
    return ending


def run(verb: str, *overrides: str, **settings) -> Ending:
    return end(begin(verb, *overrides, **settings))


def begun() -> None:
    while not LOG.exists() or "doing" not in LOG.read_text():
        time.sleep(0.01)


def test_its_run_directory_is_the_last_that_it_printed(fake_commands, capfd):
    ending = run("gate", "gate=balloon", "outputs=o")
    assert ending.code == 0
    assert Path(ending.run, "verdict.json").is_file()
    assert LOG.read_text() == ending.text == f"doing balloon\n{ending.run}\n"
    assert capfd.readouterr().err == ending.text, "a person sees what it prints"
    again = run("gate", "gate=balloon", "outputs=o", title="balloon: ")
    assert LOG.read_text() == ending.text + again.text
    assert capfd.readouterr().err == f"balloon: doing balloon\nballoon: {again.run}\n"


def test_a_failure_says_what_the_command_said(fake_commands):
    Path("fails-balloon").touch()
    ending = run("gate", "gate=balloon", "outputs=o")
    assert (ending.code, ending.run, ending.cause) == (2, None, "balloon is broken")


def test_a_crash_and_a_kill_have_a_cause():
    assert Ending(1, "Traceback\n").cause == "exit code 1"
    assert Ending(-9, "").cause == "killed by SIGKILL"
    assert Ending(0, "no folder\n\n").run is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_handed_on(fake_commands, number: int):
    Path("waits-balloon").touch()
    child = begin("gate", "gate=balloon", "outputs=o")
    begun()
    assert child.look() is None
    child.stop(number)
    child.stop(signal.SIGKILL)  # the second is not handed on
    assert end(child).code == 128 + number
    child.stop(number)


def test_it_stands_in_a_session_of_its_own_and_keeps_what_it_inherits(fake_commands, tmp_path):
    """So Ctrl-C reaches it once, and a lock outlives a pipeline that is killed."""
    Path("waits-balloon").touch()
    with (tmp_path / "lock").open("w") as lock:
        child = begin("gate", "gate=balloon", "outputs=o", inherited=[lock.fileno()])
        begun()
        assert os.getsid(child.process) == child.process != os.getsid(0)
        assert os.path.exists(f"/proc/{child.process}/fd/{lock.fileno()}")
    Path("waits-balloon").unlink()
    assert end(child).code == 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot bind to cores")
def test_it_keeps_to_its_cores(fake_commands):
    Path("waits-balloon").touch()
    core = max(os.sched_getaffinity(0))
    child = begin("gate", "gate=balloon", "outputs=o", cores={core})
    assert os.sched_getaffinity(child.process) == {core}
    Path("waits-balloon").unlink()
    end(child)
