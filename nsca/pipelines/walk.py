"""The walk through a pipeline's steps, one at a time or several side by side.

There are no threads: the walk begins what can begin, and then looks at its children in turn.
"""

import shlex
import signal
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nsca.hardware import usable_cores
from nsca.notice import notice
from nsca.pipelines.child import Child, Ending
from nsca.pipelines.journal import State, StepRecord
from nsca.pipelines.progress import Command, Progress
from nsca.run_directory import RunDirectory
from nsca.stop_signals import graceful_stop
from nsca.verb import Stopped

# A gate that has not passed, or was a smoke run, has done its work all the same.
DONE_CODES = {"gate": frozenset({0, 3, 4})}
LOOK_EVERY_S = 0.1
FORCED = "FORCED past gates that have not passed"


def shares_of_cores(at_once: int | None) -> list[frozenset[int]]:
    """The cores of each of the steps that may run side by side; one alone has no bounds.

    Args:
        at_once: steps, at least one; None for one a core.
    """
    cores = usable_cores()
    if at_once is not None and at_once > len(cores):
        notice(f"steps_at_once={at_once}, but this machine gives {len(cores)} cores: one step each")
    places = min(at_once or len(cores), len(cores))
    if places == 1:
        return [frozenset()]
    return [frozenset(cores[place::places]) for place in range(places)]


def _fewer_workers(command: Command, cores: Collection[int]) -> list[str]:
    """An override where a command would start more processes than it has cores."""
    workers = command.config.get("workers")
    return [f"workers={len(cores)}"] if cores and workers and workers > len(cores) else []


@dataclass(frozen=True)
class _Running:
    """A step whose command runs.

    Attributes:
        child: the process.
        record: of the step, with the seconds before this attempt.
        began: on the monotonic clock.
        cores: that it holds.
    """

    child: Child
    record: StepRecord
    began: float
    cores: frozenset[int]


class Walk:
    """One walk through the steps.

    Args:
        progress: what is done.
        directory: of the pipeline, claimed.
        force: past gates that have not passed.
        places: the cores of each of the steps that may run at once.
    """

    def __init__(
        self,
        progress: Progress,
        directory: RunDirectory,
        force: bool,
        places: Sequence[frozenset[int]],
    ) -> None:
        self.progress = progress
        self.journal = progress.journal
        self.directory = directory
        self.force = force
        self.free = list(places)
        self.several = len(places) > 1
        self.waiting = progress.pipeline.order()
        self.titles = {
            name: f"[{number}/{len(self.waiting)}] {name}"
            for number, name in enumerate(self.waiting, start=1)
        }
        self.running: dict[str, _Running] = {}
        self.signals: list[int] = []

    def run(self) -> None:
        """Every step that can run and has not.

        Raises:
            Stopped: a signal asked for it.
        """
        (self.directory.path / "logs").mkdir(exist_ok=True)
        doing = "ending the steps in progress" if self.several else "ending the step in progress"
        with graceful_stop(self.signals.append, doing):
            try:
                while self._begin_what_can() or self.running:
                    time.sleep(LOOK_EVERY_S)
                    for name, running in list(self.running.items()):
                        if self.signals:
                            running.child.stop(self.signals[0])
                        if (ending := running.child.look()) is not None:
                            self._end(name, running, ending)
            finally:
                self._end_the_rest()
            if self.signals:
                raise Stopped(self.directory.path, 128 + self.signals[0])

    def _begin_what_can(self) -> bool:
        """Settle steps while there is a free place; whether any was."""
        settled = False
        while self.free and not self.signals and (name := self._next()) is not None:
            self.waiting.remove(name)
            self._settle(name)
            settled = True
        return settled

    def _next(self) -> str | None:
        """Of the steps whose predecessors are settled, the one that most others wait for; one at a
        time, the first of the file.
        """
        pipeline, unsettled = self.progress.pipeline, {*self.waiting, *self.running}
        ready = [n for n in self.waiting if unsettled.isdisjoint(pipeline.steps[n].after)]
        if not self.several:
            return ready[0] if ready else None
        return max(ready, key=lambda name: len(pipeline.followers(name)), default=None)

    def _settle(self, name: str) -> None:
        """Begin its command, unless it is done, or cannot run, or must not."""
        progress, step, title = self.progress, self.progress.pipeline.steps[name], self.titles[name]
        record = self.journal.records.get(name, StepRecord(State.WAITING))
        missing = [other for other in step.needs.values() if not progress.is_done(other)]
        unpassed = progress.unpassed(name)
        if missing:
            cause = f"needs {' and '.join(missing)}"
            self.journal.write(name, replace(record, state=State.WAITING, cause=cause))
            say(f"{title}: not run, it {cause}")
        elif unpassed and not self.force:
            cause = "; ".join(f"gate {gate} has not passed ({s})" for gate, s in unpassed.items())
            self.journal.write(name, replace(record, state=State.REFUSED, cause=cause))
            say(f"{title}: refused, {cause}")
        else:
            if unpassed:
                say(f"{title}: {FORCED}: {', '.join(unpassed)}")
            if progress.is_done(name):
                self.journal.write(name, replace(record, state=State.DONE, cause="", process=None))
                say(f"{title}: done before, {record.run}")
            else:
                self._begin(name, record)

    def _begin(self, name: str, record: StepRecord) -> None:
        command = self.progress.command(name)
        identity = self.progress.identity(name, command)
        before_s = record.seconds if record.identity == identity and record.run is None else 0.0
        began, cores = time.monotonic(), self.free.pop(0)
        overrides = [*command.overrides, *_fewer_workers(command, cores)]
        say(f"{self.titles[name]}: python -m nsca.{command.verb} {shlex.join(overrides)}")
        child = Child(
            command.verb,
            overrides,
            self._log(name),
            title=f"{name}: " if self.several else "",
            cores=cores,
            inherited=[self.directory.lock_number],
        )
        record = StepRecord(State.RUNNING, identity, seconds=before_s)
        self.running[name] = _Running(child, record, began, cores)
        self.journal.write(name, replace(record, process=child.process))

    def _end(self, name: str, running: _Running, ending: Ending) -> None:
        title, verb = self.titles[name], self.progress.pipeline.steps[name].verb
        del self.running[name]
        self.free.append(running.cores)
        seconds = running.record.seconds + time.monotonic() - running.began
        record = replace(running.record, seconds=seconds)
        if ending.run is not None and ending.code in DONE_CODES.get(verb, {0}):
            self.progress.has_finished(name, replace(record, state=State.DONE, run=ending.run))
            say(f"{title}: done in {record.seconds:.0f} s, {ending.run}")
            return
        if self.signals:
            cause = "by a signal, the same command goes on"
            record = replace(record, state=State.STOPPED, cause=cause)
        else:
            record = replace(record, state=State.FAILED, cause=ending.cause)
        self.journal.write(name, record)
        say(f"{title}: {record.state}, {record.cause} ({self._log(name)})")

    def _end_the_rest(self) -> None:
        """After an error of the walk itself: no command runs on without it."""
        for running in self.running.values():
            running.child.stop(signal.SIGTERM)
        for running in self.running.values():
            while running.child.look() is None:
                time.sleep(LOOK_EVERY_S)

    def _log(self, name: str) -> Path:
        return self.directory.path / "logs" / f"{name}.log"


def say(text: str) -> None:
    """A line on stdout, at once."""
    print(text, flush=True)
