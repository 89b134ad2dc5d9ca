"""Which run directory a training command continues, and from which checkpoint."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsca.callbacks.diagnosis import cut_diagnoses
from nsca.checkpoint import (
    read_header,
    refuse_other_config,
    sweep_left_overs,
    valid_checkpoints,
)
from nsca.errors import UserError
from nsca.loggers.csv_log import cut_metrics
from nsca.run_card import load_run_card
from nsca.run_directory import RunDirectory, runs_like


@dataclass(frozen=True)
class Start:
    """Where a run begins.

    Args:
        run: the held run directory.
        checkpoint: to continue from, None from the beginning.
    """

    run: RunDirectory
    checkpoint: Path | None


def find_finished(
    resume: str, root: Path, name: str, fingerprint: str, data_fingerprint: str
) -> Path | None:
    """Return the run that `resume=auto` has nothing left to do for; an unfinished newer one has.

    The same configuration on other data (generated anew, pictures added) is another run.
    """
    if resume != "auto":
        return None
    for path, status in runs_like(root / name, fingerprint, data_fingerprint):
        return path if status == "finished" else None
    return None


def choose_start(
    resume: str,
    root: Path,
    name: str,
    fingerprint: str,
    data_fingerprint: str,
    config: dict[str, Any],
) -> Start:
    """Hold the directory to run in: a new one, or the one to continue.

    Args:
        resume: "never", "auto" (the newest unfinished run of this configuration) or a run
            directory.
        root: outputs/<verb>.
        name: of the run below root.
        fingerprint: of the configuration.
        data_fingerprint: of the data as it is now.
        config: the resolved configuration, for the difference that a refusal shows.

    Raises:
        UserError: the directory is held, is none, or belongs to another configuration
            or other data.
    """
    if resume == "never":
        return Start(RunDirectory.claim(root, name), None)
    if resume != "auto":
        return _continue(RunDirectory.reopen(Path(resume)), fingerprint, data_fingerprint, config)
    for path, status in runs_like(root / name, fingerprint, data_fingerprint):
        if status != "finished":
            try:
                run = RunDirectory.reopen(path)
            except UserError:
                continue  # another process took it a moment ago: the next one, or a new one
            return _continue(run, fingerprint, data_fingerprint, config)
    return Start(RunDirectory.claim(root, name), None)


def _continue(
    run: RunDirectory, fingerprint: str, data_fingerprint: str, config: dict[str, Any]
) -> Start:
    try:
        return _prepare(run, fingerprint, data_fingerprint, config)
    except BaseException:
        run.release()
        raise


def _prepare(
    run: RunDirectory, fingerprint: str, data_fingerprint: str, config: dict[str, Any]
) -> Start:
    removed = sweep_left_overs(run.path)
    checkpoint = next(valid_checkpoints(run.path), None)
    card = load_run_card(run.path)
    if checkpoint is not None:
        refuse_other_config(checkpoint, fingerprint, config)
    elif card.get("config_fingerprint") != fingerprint:
        raise UserError(
            f"{run.path} belongs to another configuration",
            "give the overrides it was started with (config.yaml in it), or resume=never",
        )
    if card.get("data_fingerprint") != data_fingerprint:
        raise UserError(
            f"{run.path} was trained on other data than lies there now",
            "restore that data, or train anew with resume=never",
        )
    step = read_header(checkpoint).step if checkpoint is not None else 0
    cut_metrics(run.path, step)
    cut_diagnoses(run.path, step)
    swept = f"; {removed} left-over temporary files removed" if removed else ""
    print(f"resuming {run.path} from step {step}{swept}", file=sys.stderr, flush=True)
    return Start(run, checkpoint)
