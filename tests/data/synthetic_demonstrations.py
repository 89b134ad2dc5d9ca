"""Demonstrations that cost nothing: the right shapes and seeds, stored as a real set."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nsca.data.babbling_store import write_parquet
from nsca.data.demonstration_manifest import TABLE
from nsca.data.demonstrations import Demonstration, store_demonstrations
from nsca.worlds.metaworld.episode_seeds import episode_seeds

TASK = "push-v3"
CONFIGURATION: dict[str, Any] = {
    "task": TASK,
    "count": 3,
    "seed": 5,
    "backend": "metaworld",
    "action_noise": 0.0,
    "gravity": 1.0,
    "mass": 1.0,
    "friction": 1.0,
    "steps_after_success": 2,
    "max_steps": 500,
}


def synthetic(count: int = 3) -> list[Demonstration]:
    """Of episodes 1, 2, ... of seed 5 (episode 0 failed); number n succeeds after 5 + n steps."""
    seeds = episode_seeds(TASK, "demonstrations", 5, count, first=1)
    found = []
    for number, seed in enumerate(seeds):
        rng, steps = np.random.default_rng(seed), 7 + number
        found.append(
            Demonstration(
                task=TASK,
                seed=seed,
                observations=rng.normal(size=(steps + 1, 39)).astype(np.float32),
                actions=rng.uniform(-1, 1, (steps, 4)).astype(np.float32),
                rewards=rng.uniform(0, 10, steps).astype(np.float32),
                success=np.arange(steps) >= 4 + number,
            )
        )
    return found


def stored(root: Path, count: int = 3) -> Path:
    """A complete set of `synthetic` demonstrations."""
    root.mkdir(parents=True, exist_ok=True)
    store_demonstrations(root, synthetic(count), CONFIGURATION | {"count": count}, count + 1)
    return root


def forge(root: Path, row: int, column: str, change) -> None:
    """Changes a row and fits the manifest to the file, as a buggy writer would."""
    rows = pq.read_table(root / TABLE).to_pylist()
    rows[row][column] = change(rows[row][column])
    record = write_parquet(pa.Table.from_pylist(rows, pq.read_schema(root / TABLE)), root, TABLE)
    manifest = json.loads((root / "manifest.json").read_text())
    manifest["file"].update(rows=record.rows, bytes=record.bytes, sha256=record.sha256)
    (root / "manifest.json").write_text(json.dumps(manifest))


def change_manifest(root: Path, part: str, key: str, value: object) -> None:
    """Changes one value in the manifest."""
    manifest = json.loads((root / "manifest.json").read_text())
    manifest[part][key] = value
    (root / "manifest.json").write_text(json.dumps(manifest))
