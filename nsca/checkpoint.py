"""Checkpoint files: written whole or not at all, checked when read, readable at their head.

Layout of a file: `NSCA-CHECKPOINT-1 <sha256 of the rest>`, a line of JSON (step, phase,
configuration, versions), then what `torch.save` wrote. `head -2` shows a checkpoint's origin. This
is the only place that reads tensors from files, always with `weights_only=True`: a checkpoint
cannot run code.
"""

import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import CheckpointIO

from nsca.errors import UserError
from nsca.run_card import NOT_IN_FINGERPRINT

MAGIC = b"NSCA-CHECKPOINT-1"
HEADER_KEY = "nsca"
"""Key of Lightning's checkpoint dict under which the header travels."""


class DamagedCheckpointError(Exception):
    """A file that is truncated, altered, empty or no checkpoint at all."""


@dataclass(frozen=True)
class CheckpointHeader:
    """What a checkpoint says about itself.

    Args:
        step: optimiser steps done.
        phase: `_target_` of the phase.
        fingerprint: of the configuration (run_card.config_fingerprint).
        config: the resolved configuration.
        figure: value of the monitored figure at this step, None where it was not validated.
        versions: of the packages that wrote it.
    """

    step: int
    phase: str
    fingerprint: str
    config: dict[str, Any]
    figure: float | None
    versions: dict[str, str]


def checkpoint_path(run: Path, step: int) -> Path:
    """Return where the checkpoint of a step lies."""
    return Path(run) / "checkpoints" / f"step-{step:09d}.ckpt"


def write_checkpoint(content: Mapping[str, Any], path: Path) -> None:
    """Write a checkpoint atomically: temporary file beside it, fsync, rename, fsync of the folder.

    Raises:
        UserError: the volume is full or cannot be written; what was there before is kept.
    """
    buffer = io.BytesIO()
    buffer.write(json.dumps(content.get(HEADER_KEY, {}), sort_keys=True).encode() + b"\n")
    torch.save({key: value for key, value in content.items() if key != HEADER_KEY}, buffer)
    rest = buffer.getbuffer()
    digest = hashlib.sha256(rest).hexdigest().encode()
    # One name per process: a sweep at the next start can tell left-overs from a writer at work.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as stream:
            stream.write(MAGIC + b" " + digest + b"\n")
            stream.write(rest)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(
            f"the checkpoint {path} could not be written: {error.strerror}",
            f"free space on the volume of {path.parent}, or outputs=<folder elsewhere>; "
            "resume=auto continues from the checkpoint before",
        ) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_header(path: Path) -> CheckpointHeader:
    """Return the header of a checkpoint without checking the rest of the file.

    Raises:
        DamagedCheckpointError: the first two lines are not those of a checkpoint.
    """
    try:
        with open(path, "rb") as stream:
            first = stream.readline(200)
            text = stream.readline(10_000_000)
        if not first.startswith(MAGIC + b" ") or not text.endswith(b"\n"):
            raise DamagedCheckpointError(f"{path} does not begin as a checkpoint")
        return CheckpointHeader(**json.loads(text))
    except (ValueError, TypeError, OSError) as error:
        raise DamagedCheckpointError(f"{path} has an unreadable header") from error


def read_checkpoint(path: Path, map_location: Any = "cpu") -> dict[str, Any]:
    """Return the content of a checkpoint after checking its sha256.

    Raises:
        DamagedCheckpointError: truncated, altered, empty, or of another format.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DamagedCheckpointError(f"{path} cannot be read: {error.strerror}") from error
    first, _, rest = data.partition(b"\n")
    magic, _, digest = first.partition(b" ")
    if magic != MAGIC:
        raise DamagedCheckpointError(f"{path} is empty or does not begin as a checkpoint")
    if hashlib.sha256(rest).hexdigest().encode() != digest:
        raise DamagedCheckpointError(f"{path} is truncated or altered: its sha256 differs")
    header, _, tensors = rest.partition(b"\n")
    content = torch.load(io.BytesIO(tensors), map_location=map_location, weights_only=True)
    return {**content, HEADER_KEY: json.loads(header)}


def checkpoints_of(run: Path) -> list[Path]:
    """Return the checkpoint files of a run, the newest step first."""
    return sorted((Path(run) / "checkpoints").glob("step-*.ckpt"), reverse=True)


def valid_checkpoints(run: Path) -> Iterator[Path]:
    """Yield the intact checkpoints of a run, newest first; each damaged one is named on stderr."""
    for path in checkpoints_of(run):
        try:
            read_checkpoint(path)
        except DamagedCheckpointError as error:
            print(f"WARNING: {error}; using the previous checkpoint", file=sys.stderr, flush=True)
            continue
        yield path


def sweep_left_overs(run: Path) -> int:
    """Delete temporary files that a killed process left in this run; return how many.

    Call it only while holding the run directory: then no writer is at work.
    """
    left = [*(Path(run) / "checkpoints").glob(".*.tmp"), *Path(run).glob(".*.tmp")]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def refuse_other_config(path: Path, fingerprint: str, config: Mapping[str, Any]) -> None:
    """Refuse to continue a checkpoint of another phase or configuration.

    Raises:
        UserError: naming the keys that differ.
    """
    header = read_header(path)
    if header.fingerprint == fingerprint:
        return
    # where and how a run is computed may differ: naming that would hide what may not
    then, now = (
        {key: value for key, value in each.items() if key not in NOT_IN_FINGERPRINT}
        for each in (header.config, config)
    )
    differing = sorted(_differences("", then, now))
    shown = "; ".join(differing[:6]) + ("; ..." if len(differing) > 6 else "")
    raise UserError(
        f"{path} belongs to another configuration: {shown or 'another version of nsca'}",
        "give the overrides it was started with (config.yaml beside it), or resume=never",
    )


def _differences(path: str, old: Any, new: Any) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {*old, *new}:
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(inner, old.get(key), new.get(key))
    elif old != new:
        yield f"{path} was {old}, is now {new}"


def all_finite(state: Mapping[str, Any]) -> bool:
    """Whether every floating-point tensor of a state dict is free of NaN and infinity."""
    return all(
        bool(torch.isfinite(value).all())
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.is_floating_point()
    )


class SafeCheckpointIO(CheckpointIO):
    """Lightning's extension point for checkpoints, with the file format above."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: Any,
        storage_options: Any = None,
    ) -> None:
        """Write one checkpoint; see write_checkpoint."""
        write_checkpoint(checkpoint, Path(path))

    def load_checkpoint(
        self,
        path: Any,
        map_location: Any = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read one checkpoint; see read_checkpoint. `weights_only` is always on."""
        return read_checkpoint(Path(path), map_location or "cpu")

    def remove_checkpoint(self, path: Any) -> None:
        """Delete one checkpoint file."""
        Path(path).unlink(missing_ok=True)
