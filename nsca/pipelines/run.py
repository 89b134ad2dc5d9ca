"""Goes through the steps of a pipeline: what is done is kept, what was cut goes on.

Every step is a command of the suite in a process of its own (`child.py` says why). The journal is
written before and after each of them, so that the same command goes on after any end: a gate, a
data set and a training continue where they were; an evaluation is short and begins again. A step
that fails holds up those that need it, and no others.
"""

import shlex
import time
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig

from nsca.errors import UserError
from nsca.hardware import profile_of, require_hardware
from nsca.pipelines.child import run_child
from nsca.pipelines.journal import Journal, State, StepRecord
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Progress, Shared
from nsca.pipelines.report import banner, write_report
from nsca.run_directory import RunDirectory
from nsca.stop_signals import graceful_stop
from nsca.verb import Stopped

# A gate that has not passed, or was a smoke run, has done its work all the same.
DONE_CODES = {"gate": frozenset({0, 3, 4})}
FORCED = "FORCED past gates that have not passed"


def run_pipeline(
    pipeline: Pipeline, name: str, shared: Shared, cfg: DictConfig, *, force: bool
) -> Path:
    """Run what is missing, then write the report; returns the folder of the pipeline.

    Args:
        pipeline: its steps.
        name: of it, and of its folder in `<outputs>/pipeline/`.
        shared: what the steps share.
        cfg: the whole configuration, for the record.
        force: run phases whose gates have not passed, under a banner.

    Raises:
        UserError: settings that a step's command does not take, hardware that is not here, another
            process in the folder; a step failed or was refused, once all others are done.
        Stopped: a signal asked for it.
    """
    home = Path(shared.outputs) / "pipeline" / name
    progress = Progress(pipeline, shared, Journal(home))
    _check(progress)
    directory = RunDirectory.at(home)
    try:
        progress.journal.read()  # another process may have ended meanwhile
        directory.write_config(cfg)
        with directory.card("pipeline", shared.seed) as card:
            _Execution(progress, directory, force).run()
            for line in banner(progress, force=force):
                _say(line)
            write_report(progress, name, home, force=force)
            done = sum(progress.is_done(step) for step in pipeline.steps)
            card.record({"steps": len(pipeline.steps), "steps_done": done})
            _say(f"report: {home / 'report.html'}")
            _raise_what_is_missing(progress, home)
    finally:
        directory.release()
    return home


def _check(progress: Progress) -> None:
    """Compose every command before the first one runs."""
    for name, step in progress.pipeline.steps.items():
        try:
            config = progress.command(name).config
            if step.verb == "train":
                require_hardware(profile_of(config))
        except UserError as error:
            raise UserError(f"step {name}: {error.cause}", error.remedy) from error


class _Execution:
    """One walk through the steps."""

    def __init__(self, progress: Progress, directory: RunDirectory, force: bool) -> None:
        self.progress = progress
        self.journal = progress.journal
        self.directory = directory
        self.force = force
        self.signals: list[int] = []

    def run(self) -> None:
        """Every step that can run and has not."""
        order = self.progress.pipeline.order()
        logs = self.directory.path / "logs"
        logs.mkdir(exist_ok=True)
        with graceful_stop(self.signals.append, "ending the step in progress"):
            for number, name in enumerate(order, start=1):
                self._go_on(name, f"[{number}/{len(order)}] {name}", logs / f"{name}.log")
                if self.signals:
                    raise Stopped(self.directory.path, 128 + self.signals[0])

    def _go_on(self, name: str, title: str, log: Path) -> None:
        progress, step = self.progress, self.progress.pipeline.steps[name]
        record = self.journal.records.get(name, StepRecord(State.WAITING))
        missing = [other for other in step.needs.values() if not progress.is_done(other)]
        unpassed = progress.unpassed(name)
        if missing:
            cause = f"needs {' and '.join(missing)}"
            self.journal.write(name, replace(record, state=State.WAITING, cause=cause))
            _say(f"{title}: not run, it {cause}")
        elif unpassed and not self.force:
            cause = "; ".join(f"gate {gate} has not passed ({s})" for gate, s in unpassed.items())
            self.journal.write(name, replace(record, state=State.REFUSED, cause=cause))
            _say(f"{title}: refused, {cause}")
        else:
            if unpassed:
                _say(f"{title}: {FORCED}: {', '.join(unpassed)}")
            if progress.is_done(name):
                self.journal.write(name, replace(record, state=State.DONE, cause="", process=None))
                _say(f"{title}: done before, {record.run}")
            else:
                self._do(name, title, log, record)

    def _do(self, name: str, title: str, log: Path, record: StepRecord) -> None:
        command = self.progress.command(name)
        identity = self.progress.identity(name, command)
        before_s = record.seconds if record.identity == identity and record.run is None else 0.0
        running = StepRecord(State.RUNNING, identity, seconds=before_s)
        _say(f"{title}: python -m nsca.{command.verb} {shlex.join(command.overrides)}")
        began = time.monotonic()
        ending = run_child(
            command.verb,
            command.overrides,
            log,
            inherited=[self.directory.lock_number],
            started=lambda number: self.journal.write(name, replace(running, process=number)),
            asked_to_stop=lambda: self.signals[0] if self.signals else None,
        )
        record = replace(running, seconds=before_s + time.monotonic() - began)
        if ending.run is not None and ending.code in DONE_CODES.get(command.verb, {0}):
            self.progress.has_finished(name, replace(record, state=State.DONE, run=ending.run))
            _say(f"{title}: done in {record.seconds:.0f} s, {ending.run}")
            return
        if self.signals:
            cause = "by a signal, the same command goes on"
            record = replace(record, state=State.STOPPED, cause=cause)
        else:
            record = replace(record, state=State.FAILED, cause=ending.cause)
        self.journal.write(name, record)
        _say(f"{title}: {record.state}, {record.cause} ({log})")


def _raise_what_is_missing(progress: Progress, home: Path) -> None:
    """The end of a walk in which not all steps ran."""
    records = {name: progress.journal.records[name] for name in progress.pipeline.steps}
    failed = {name: each for name, each in records.items() if each.state is State.FAILED}
    if failed:
        causes = "; ".join(f"{name} failed: {each.cause}" for name, each in failed.items())
        logs = ", ".join(str(home / "logs" / f"{name}.log") for name in failed)
        raise UserError(causes, f"read {logs}; the same command keeps what is done and goes on")
    refused = {name: each for name, each in records.items() if each.state is State.REFUSED}
    if refused:
        raise UserError(
            f"{', '.join(refused)} refused: {next(iter(refused.values())).cause}",
            f"read {home / 'report.html'}; force=true goes on under a banner that says so",
        )


def _say(text: str) -> None:
    print(text, flush=True)
