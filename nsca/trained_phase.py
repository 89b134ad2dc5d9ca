"""A trained phase from its run directory: `nsca.load(run)`."""

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from nsca.assembly import build_phase
from nsca.callbacks.checkpointing import figures_of
from nsca.checkpoint import DamagedCheckpointError, read_checkpoint, valid_checkpoints
from nsca.errors import UserError
from nsca.phases.part_versions import check_part_versions
from nsca.phases.phase import Phase
from nsca.run_directory import CONFIG


def load_config(run: str | Path) -> DictConfig:
    """Return the resolved configuration of a run.

    Raises:
        UserError: the folder is no run directory, or the file is damaged.
    """
    file = Path(run) / CONFIG
    if not file.is_file():
        raise UserError(f"{run} is not a run directory", "give a folder that holds config.yaml")
    try:
        config = OmegaConf.load(file)
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError):
        config = None
    if not isinstance(config, DictConfig):
        raise UserError(f"{file} is damaged", "restore it or train again")
    return config


def load_phase(run: str | Path) -> Phase:
    """See nsca.load."""
    config = load_config(run)
    if "phase" not in config:
        raise UserError(f"{run} is not a run of nsca.train", "give the run that it is about")
    content = best_or_last(Path(run))
    phase = build_phase(config)
    check_part_versions(content, phase.parts, str(run))
    phase.load_state_dict(content["state_dict"])
    return phase.eval()


def best_or_last(run: Path) -> dict[str, Any]:
    """Return the best checkpoint of a run by its own figure, or the last intact one; of a run that
    keeps no best ones (checkpoint.keep_best=0), what counts is the last.

    Raises:
        UserError: the run has no intact checkpoint.
    """
    settings, figures = load_config(run).checkpoint, figures_of(run)
    mode = str(settings.mode)
    if figures and settings.keep_best:
        best = (max if mode == "max" else min)(figures, key=lambda path: figures[path])
        try:
            return read_checkpoint(best)
        except DamagedCheckpointError:
            pass_over = best
            print(
                f"WARNING: {pass_over} is damaged; using the last intact checkpoint",
                file=sys.stderr,
            )
    path = next(valid_checkpoints(run), None)
    if path is None:
        raise UserError(f"{run} has no intact checkpoint", "train it, or give another run")
    return read_checkpoint(path)
