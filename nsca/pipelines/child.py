"""One command of the suite as a process of its own, with its log.

A process and not a call: its memory is freed, a crash or the machine's out-of-memory killer ends
one step and not the pipeline, it imports what it needs and seeds what it wants, and its exit code
is the one that the command has for everybody. It stands in a session of its own, so that Ctrl-C
reaches the pipeline alone, which hands it on once: a second signal would make the command leave
without saving.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nsca.run_card import RUN_CARD

LOOK_EVERY_S = 0.1
PYTHON = (sys.executable, "-m")


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        code: its exit code, negative for the signal that killed it.
        text: what it printed.
    """

    code: int
    text: str

    @property
    def run(self) -> str | None:
        """The run directory that it printed last."""
        lines = (line.strip() for line in reversed(self.text.splitlines()))
        return next((line for line in lines if line and (Path(line) / RUN_CARD).is_file()), None)

    @property
    def cause(self) -> str:
        """Why it failed, in a line: its error, or how it was killed."""
        if self.code < 0:
            return f"killed by {signal.Signals(-self.code).name}"
        errors = [line for line in self.text.splitlines() if line.startswith("error: ")]
        return errors[-1].removeprefix("error: ") if errors else f"exit code {self.code}"


def run_child(
    verb: str,
    overrides: Sequence[str],
    log: Path,
    *,
    inherited: Sequence[int],
    started: Callable[[int], None],
    asked_to_stop: Callable[[], int | None],
) -> Ending:
    """Run `python -m nsca.<verb>`; what it prints goes to the end of `log`, and to stderr.

    Args:
        verb: of the suite.
        overrides: its arguments.
        log: its folder exists.
        inherited: open files that it keeps open: a lock on the pipeline, should that be killed.
        started: told the number of the process.
        asked_to_stop: the number of a signal to hand on, None while there is none.
    """
    with log.open("a", encoding="utf-8") as out:
        before = log.stat().st_size
        process = subprocess.Popen(
            [*PYTHON, f"nsca.{verb}", *overrides],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            pass_fds=tuple(inherited),
            start_new_session=True,
        )
    started(process.pid)
    told = False
    with log.open(encoding="utf-8", errors="replace") as shown:
        shown.seek(before)
        while process.poll() is None:
            number = asked_to_stop()
            if number is not None and not told:
                process.send_signal(number)
                told = True
            sys.stderr.write(shown.read())
            sys.stderr.flush()
            time.sleep(LOOK_EVERY_S)
        sys.stderr.write(shown.read())
        shown.seek(before)
        return Ending(process.returncode, shown.read())
