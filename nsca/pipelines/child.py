"""One command of the suite as a process of its own, with its log.

A process and not a call: its memory is freed, a crash or the machine's out-of-memory killer ends
one step and not the pipeline, it imports what it needs and seeds what it wants, and its exit code
is the one that the command has for everybody. It stands in a session of its own, so that Ctrl-C
reaches the pipeline alone, which hands it on once: a second signal would make the command leave
without saving.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from nsca.run_card import RUN_CARD

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


class Child:
    """`python -m nsca.<verb>`, begun; what it prints goes to the end of a log, and to stderr.

    Args:
        verb: of the suite.
        overrides: its arguments.
        log: its folder exists.
        title: before each line of it on stderr, where several run at once.
        cores: that it may use, by number; empty for all. Where the system cannot bind a process to
            cores, it uses all.
        inherited: open files that it keeps open: a lock on the pipeline, should that be killed.
    """

    def __init__(
        self,
        verb: str,
        overrides: Sequence[str],
        log: Path,
        *,
        title: str,
        cores: Collection[int],
        inherited: Sequence[int],
    ) -> None:
        with log.open("a", encoding="utf-8") as out:
            self._before = log.stat().st_size
            self._process = subprocess.Popen(
                [*PYTHON, f"nsca.{verb}", *overrides],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=tuple(inherited),
                start_new_session=True,
            )
        if cores and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, cores)  # long before it starts any thread
        self._title = title
        self._told = False
        self._begun_line = ""
        self._log = log.open(encoding="utf-8", errors="replace")
        self._log.seek(self._before)

    @property
    def process(self) -> int:
        """Its number."""
        return self._process.pid

    def stop(self, number: int) -> None:
        """Hand a signal on, once; after its end, nothing happens."""
        if not self._told:
            self._told = True
            self._process.send_signal(number)

    def look(self) -> Ending | None:
        """Show what it has printed since; how it ended, None while it runs."""
        ended = self._process.poll() is not None
        *lines, self._begun_line = (self._begun_line + self._log.read()).split("\n")
        if ended and self._begun_line:
            lines.append(self._begun_line)
        sys.stderr.write("".join(f"{self._title}{line}\n" for line in lines))
        sys.stderr.flush()
        if not ended:
            return None
        self._log.seek(self._before)
        with self._log:
            return Ending(self._process.returncode, self._log.read())
