"""Which run directory a training command continues, and from which checkpoint."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsca.checkpoint import (
    read_header,
    refuse_other_config,
    sweep_left_overs,
    valid_checkpoints,
)
from nsca.errors import UserError
from nsca.loggers.csv_log import cut_metrics
from nsca.run_card import load_run_card
from nsca.run_directory import RunDirectory, runs_with_config


@dataclass(frozen=True)
class Start:
    """Where a run begins.

    Args:
        run: the held run directory.
        checkpoint: to continue from, None from the beginning.
    """

    run: RunDirectory
    checkpoint: Path | None


def find_finished(resume: str, root: Path, name: str, fingerprint: str) -> Path | None:
    """Return the run that `resume=auto` has nothing left to do for; an unfinished newer one has."""
    if resume != "auto":
        return None
    for path, status in runs_with_config(root / name, fingerprint):
        return path if status == "finished" else None
    return None


def choose_start(
    resume: str, root: Path, name: str, fingerprint: str, config: dict[str, Any]
) -> Start:
    """Hold the directory to run in: a new one, or the one to continue.

    Args:
        resume: "never", "auto" (the newest unfinished run of this configuration) or a run
            directory.
        root: outputs/<verb>.
        name: of the run below root.
        fingerprint: of the configuration.
        config: the resolved configuration, for the difference that a refusal shows.

    Raises:
        UserError: the directory is held, is none, or belongs to another configuration.
    """
    if resume == "never":
        return Start(RunDirectory.claim(root, name), None)
    if resume != "auto":
        return _continue(RunDirectory.reopen(Path(resume)), fingerprint, config)
    for path, status in runs_with_config(root / name, fingerprint):
        if status != "finished":
            try:
                run = RunDirectory.reopen(path)
            except UserError:
                continue  # another process took it a moment ago: the next one, or a new one
            return _continue(run, fingerprint, config)
    return Start(RunDirectory.claim(root, name), None)


def _continue(run: RunDirectory, fingerprint: str, config: dict[str, Any]) -> Start:
    try:
        return _prepare(run, fingerprint, config)
    except BaseException:
        run.release()
        raise


def _prepare(run: RunDirectory, fingerprint: str, config: dict[str, Any]) -> Start:
    removed = sweep_left_overs(run.path)
    checkpoint = next(valid_checkpoints(run.path), None)
    if checkpoint is not None:
        refuse_other_config(checkpoint, fingerprint, config)
    elif load_run_card(run.path).get("config_fingerprint") != fingerprint:
        raise UserError(
            f"{run.path} belongs to another configuration",
            "give the overrides it was started with (config.yaml in it), or resume=never",
        )
    step = read_header(checkpoint).step if checkpoint is not None else 0
    cut_metrics(run.path, step)
    swept = f"; {removed} left-over temporary files removed" if removed else ""
    print(f"resuming {run.path} from step {step}{swept}", file=sys.stderr, flush=True)
    return Start(run, checkpoint)
