"""Babbling itself: interactions onto the disk, by every core, and what the time went into."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nsca.errors import UserError
from nsca.run_card import load_run_card

PARTS = ("physics", "rendering", "sound", "events", "write")


def generate(interactions: int, folder: Path, seed: int) -> dict[str, float]:
    """Run `python -m nsca.babble` and read what it recorded.

    Frames/s count from the start of the generation to the last file, worker processes starting
    included. The loops it is compared with start their clocks only when scenes and renderers exist
    and a first picture is drawn: the comparison leans to their side.

    Returns:
        `frames_per_s`, `interactions_per_min`, `worker_memory_growth` and `share_<part>`.

    Raises:
        UserError: the generation failed.
    """
    command = [sys.executable, "-m", "nsca.babble", "render=true", f"path={folder}"]
    command += [f"interactions={interactions}", f"seed={seed}"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        said = (ended.stderr.strip() or "no output").splitlines()[-1]
        raise UserError(f"babbling failed: {said}", f"run it alone: {' '.join(command[1:])}")
    card = load_run_card(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return figures(card["metrics"], card["seconds"], list(manifest["shards"].values()))


def figures(
    metrics: dict[str, float], seconds: float, shards: Sequence[dict[str, Any]]
) -> dict[str, float]:
    """The figures of a finished generation, from its run card and its manifest's shards."""
    found = {f"share_{part}": metrics[f"babble/share_{part}"] for part in PARTS}
    found["frames_per_s"] = metrics["babble/frames_per_s"]
    found["interactions_per_min"] = 60.0 * metrics["babble/interactions"] / seconds
    return found | {"worker_memory_growth": memory_growth(shards)}


def memory_growth(shards: Sequence[dict[str, Any]]) -> float:
    """Peak worker memory after all shards, relative to that after the first few of each worker.

    1 is flat. Peaks only ever grow, so sorted by height they are in the order of making; a fifth of
    the shards is taken as the time in which buffers reach their size.
    """
    peaks = sorted(float(shard["peak_memory_mb"]) for shard in shards)
    return peaks[-1] / peaks[len(peaks) // 5]
