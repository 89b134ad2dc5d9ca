"""`run_pipeline`: what is done is kept, what was cut goes on, and all ends in one report.

Every step is a command of the suite in a process of its own (`child.py` says why), one after the
other or several at once (`walk.py`). The journal is written before and after each of them, so that
the same command goes on after any end: a gate, a data set and a training continue where they were;
an evaluation is short and begins again. A step that fails holds up those that need it, and no
others.
"""

from pathlib import Path

from omegaconf import DictConfig

from nsca.errors import UserError
from nsca.hardware import profile_of, require_hardware
from nsca.pipelines.journal import Journal, State
from nsca.pipelines.pipeline import Pipeline
from nsca.pipelines.progress import Progress, Shared
from nsca.pipelines.report import banner, write_report
from nsca.pipelines.walk import Walk, say, shares_of_cores
from nsca.run_directory import RunDirectory


def run_pipeline(
    pipeline: Pipeline,
    name: str,
    shared: Shared,
    cfg: DictConfig,
    *,
    force: bool,
    at_once: int | None = 1,
) -> Path:
    """Run what is missing, then write the report; returns the folder of the pipeline.

    Args:
        pipeline: its steps.
        name: of it, and of its folder in `<outputs>/pipeline/`.
        shared: what the steps share.
        cfg: the whole configuration, for the record.
        force: run phases whose gates have not passed, under a banner.
        at_once: steps that may run side by side, each on its share of the cores; None for one a
            core.

    Raises:
        UserError: settings that a step's command does not take, hardware that is not here, another
            process in the folder; a step failed or was refused, once all others are done.
        Stopped: a signal asked for it.
    """
    home = Path(shared.outputs) / "pipeline" / name
    progress = Progress(pipeline, shared, Journal(home))
    _check(progress)
    places = shares_of_cores(at_once)
    directory = RunDirectory.at(home)
    try:
        progress.journal.read()  # another process may have ended meanwhile
        directory.write_config(cfg)
        with directory.card("pipeline", shared.seed) as card:
            Walk(progress, directory, force, places).run()
            for line in banner(progress, force=force):
                say(line)
            write_report(progress, name, home, force=force)
            done = sum(progress.is_done(step) for step in pipeline.steps)
            card.record({"steps": len(pipeline.steps), "steps_done": done})
            say(f"report: {home / 'report.html'}")
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
