import os
import signal
import time
from pathlib import Path

import pytest

from nsca.pipelines.child import Ending, run_child

LOG = Path("step.log")


def run(verb: str, *overrides: str, stop=lambda: None, inherited=()) -> tuple[Ending, list[int]]:
    numbers: list[int] = []
    ending = run_child(
        verb, overrides, LOG, inherited=inherited, started=numbers.append, asked_to_stop=stop
    )
    return ending, numbers


def test_its_run_directory_is_the_last_that_it_printed(fake_commands, capfd):
    ending, numbers = run("gate", "gate=balloon", "outputs=o")
    assert ending.code == 0
    assert Path(ending.run, "verdict.json").is_file()
    assert len(numbers) == 1
    assert LOG.read_text() == ending.text == f"doing balloon\n{ending.run}\n"
    assert capfd.readouterr().err == ending.text, "a person sees what it prints"
    again, _ = run("gate", "gate=balloon", "outputs=o")
    assert LOG.read_text() == ending.text + again.text


def test_a_failure_says_what_the_command_said(fake_commands):
    Path("fails-balloon").touch()
    ending, _ = run("gate", "gate=balloon", "outputs=o")
    assert (ending.code, ending.run, ending.cause) == (2, None, "balloon is broken")


def test_a_crash_and_a_kill_have_a_cause():
    assert Ending(1, "Traceback\n").cause == "exit code 1"
    assert Ending(-9, "").cause == "killed by SIGKILL"
    assert Ending(0, "no folder\n\n").run is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_handed_on(fake_commands, number: int):
    Path("waits-balloon").touch()

    def stop() -> int | None:
        return number if LOG.exists() and "doing" in LOG.read_text() else None

    ending, _ = run("gate", "gate=balloon", "outputs=o", stop=stop)
    assert ending.code == 128 + number


def test_it_stands_in_a_session_of_its_own_and_keeps_what_it_inherits(fake_commands, tmp_path):
    """So Ctrl-C reaches it once, and a lock outlives a pipeline that is killed."""
    Path("waits-balloon").touch()
    seen = {}
    with (tmp_path / "lock").open("w") as lock:

        def started(process: int) -> None:
            while "doing" not in LOG.read_text():
                time.sleep(0.01)
            seen["session"] = os.getsid(process)
            seen["held"] = os.path.exists(f"/proc/{process}/fd/{lock.fileno()}")
            seen["process"] = process
            Path("waits-balloon").unlink()

        run_child(
            "gate", ["gate=balloon", "outputs=o"], LOG,
            inherited=[lock.fileno()], started=started, asked_to_stop=lambda: None,
        )  # fmt: skip
    assert seen["session"] == seen["process"] != os.getsid(0)
    assert seen["held"]
