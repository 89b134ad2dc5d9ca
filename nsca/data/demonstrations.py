"""Demonstrations of Meta-World tasks on disk: one Parquet table, checked whenever it is read.

    <set>/demonstrations.parquet   one row a demonstration
    <set>/manifest.json            settings, versions, success rate of the expert, sha256 of files
    <set>/README.md                data card

`python -m nsca.data demonstrate <task>` records a set. Files hold no time stamp: the same settings
give the same bytes.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from jaxtyping import Bool, Float32

from nsca.data.arrow_columns import fixed_lists, lists, numbers, texts
from nsca.data.babbling_store import sha256_of, write_parquet, write_text
from nsca.data.demonstration_card import demonstration_card
from nsca.data.demonstration_manifest import (
    KIND,
    SCHEMA_VERSION,
    TABLE,
    read_demonstration_manifest,
    recording_command,
    recording_versions,
)
from nsca.errors import UserError
from nsca.worlds.metaworld.task_names import resolve_task

OBSERVATION_WIDTH, ACTION_WIDTH = 39, 4
STEP_S = 0.0125
SCHEMA = pa.schema(
    [
        ("task", pa.string()),
        ("seed", pa.int64()),
        ("observations", pa.list_(pa.list_(pa.float32(), OBSERVATION_WIDTH))),
        ("actions", pa.list_(pa.list_(pa.float32(), ACTION_WIDTH))),
        ("rewards", pa.list_(pa.float32())),
        ("success", pa.list_(pa.bool_())),
    ]
)


@dataclass(frozen=True, eq=False)
class Demonstration:
    """One episode of an expert with T steps of 12.5 ms, from the reset to after its first success.

    task: full name, "pick-place-v3".
    seed: of the episode; places of objects and goal follow from it (`episode_seeds`).
    observations: [T + 1, 39], see `MetaWorldEnvs`; actions[t] leads from row t to row t + 1.
    actions: [T, 4] within -1 and 1, as they were played.
    rewards: [T], 0 to 10.
    success: [T], at each step; may become False again.
    """

    task: str
    seed: int
    observations: Float32[np.ndarray, "_ 39"]
    actions: Float32[np.ndarray, "_ 4"]
    rewards: Float32[np.ndarray, " _"]
    success: Bool[np.ndarray, " _"]

    @property
    def first_success(self) -> int | None:
        """Number of steps (from 1) until the first success; None where there is none."""
        return int(self.success.argmax()) + 1 if self.success.any() else None

    def problems(self) -> Iterator[str]:
        """What is wrong with it, in words."""
        steps = len(self.actions)
        lengths = (len(self.observations), len(self.rewards), len(self.success))
        if not steps or lengths != (steps + 1, steps, steps):
            yield (
                f"has {steps} actions, but {lengths[0]} observations, {lengths[1]} rewards and "
                f"{lengths[2]} successes (T, T + 1, T and T with T of at least 1)"
            )
        for name in ("observations", "actions", "rewards"):
            if not np.isfinite(getattr(self, name)).all():
                yield f"holds NaN or infinity in its {name}"
        if (np.abs(self.actions) > 1).any():
            yield "holds actions beyond -1 and 1"
        if not self.success.any():
            yield "has no success"


def load_demonstrations(path: str | Path, task: str | None = None) -> list[Demonstration]:
    """The demonstrations of a set, in the order in which they were recorded.

    Args:
        path: the set's folder.
        task: what they must be demonstrations of, by any of its names; None takes any task.

    Raises:
        UserError: no set there, one of another task, or any damage: a checksum that is not the
            manifest's, lengths that do not fit, NaN or infinity.
    """
    root = Path(path)
    manifest = read_demonstration_manifest(root)
    there = manifest["configuration"]["task"]
    if task is not None and (wanted := resolve_task(task)) != there:
        raise UserError(
            f"{root} holds demonstrations of {there}, not of {wanted}",
            f"choose another set, or record one: python -m nsca.data demonstrate {wanted}",
        )
    found = demonstrations_of(_intact_table(root, manifest))
    again = f"record it again: {recording_command(manifest['configuration'], root)}"
    for number, each in enumerate(found):
        for problem in each.problems():
            raise UserError(f"{root / TABLE}: demonstration {number} {problem}", again)
        if each.task != there:
            raise UserError(f"{root / TABLE}: demonstration {number} is of {each.task}", again)
    return found


def _intact_table(root: Path, manifest: dict[str, Any]) -> pa.Table:
    path = root / TABLE
    again = f"record it again: {recording_command(manifest['configuration'], root)}"
    if not path.is_file():
        raise UserError(f"{path} is missing", again)
    if sha256_of(path) != manifest["file"]["sha256"]:
        raise UserError(f"{path} was changed: its checksum is not the manifest's", again)
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path} cannot be read ({str(error).splitlines()[0]})", again) from error
    if not table.schema.equals(SCHEMA, check_metadata=False):
        raise UserError(f"{path} has other columns than schema version {SCHEMA_VERSION}", again)
    return table


def store_demonstrations(
    root: Path, demonstrations: Sequence[Demonstration], configuration: dict[str, Any], tried: int
) -> dict[str, Any]:
    """Writes a set, each file whole or not at all, and returns its manifest, which comes last.

    Args:
        root: the folder; made where it is missing.
        demonstrations: at least one.
        configuration: the settings that they follow from: `RecordingSettings` as a dictionary.
        tried: episodes that the expert played until it had them.

    Raises:
        ValueError: a demonstration that could not be read again; nothing is written.
        OSError: as the file system says it.
    """
    for number, each in enumerate(demonstrations):
        for problem in each.problems():
            raise ValueError(f"demonstration {number} {problem}")
    from nsca.worlds.metaworld.env import REWARD_VERSION

    record = write_parquet(demonstration_table(demonstrations), root, TABLE)
    steps = [len(each.actions) for each in demonstrations]
    manifest = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "configuration": configuration,
        "reward_version": REWARD_VERSION,
        "versions": recording_versions(configuration["backend"]),
        "episodes": {
            "tried": tried,
            "failed": tried - len(demonstrations),
            "success_rate": round(len(demonstrations) / tried, 4),
        },
        "steps": {"all": sum(steps), "shortest": min(steps), "longest": max(steps)},
        "file": asdict(record),
    }
    write_text(root / "README.md", demonstration_card(manifest))
    write_text(root / "manifest.json", json.dumps(manifest, indent=1) + "\n")
    return manifest


def demonstration_table(demonstrations: Sequence[Demonstration]) -> pa.Table:
    """One row a demonstration; nested lists come out of `datasets` with their shapes."""

    def stacked(name: str, width: int) -> pa.Array:
        arrays = [getattr(each, name) for each in demonstrations]
        return lists(arrays, fixed_lists(arrays, width))

    rewards = [each.rewards for each in demonstrations]
    success = [each.success for each in demonstrations]
    columns = [
        texts([each.task for each in demonstrations]),
        numbers(np.array([each.seed for each in demonstrations]), pa.int64()),
        stacked("observations", OBSERVATION_WIDTH),
        stacked("actions", ACTION_WIDTH),
        lists(rewards, numbers(np.concatenate(rewards), pa.float32())),
        lists(success, numbers(np.concatenate(success), pa.bool_())),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def demonstrations_of(table: pa.Table) -> list[Demonstration]:
    """The rows of a table of this schema, whatever they hold (see `Demonstration.problems`).

    Missing numbers come out as NaN, missing lists as empty, missing truth values as False.
    """
    return [
        Demonstration(
            task=table["task"][row].as_py() or "",
            seed=-1 if (seed := table["seed"][row].as_py()) is None else seed,
            observations=_flat(table["observations"][row], np.float32, OBSERVATION_WIDTH),
            actions=_flat(table["actions"][row], np.float32, ACTION_WIDTH),
            rewards=_flat(table["rewards"][row], np.float32),
            success=_flat(table["success"][row], bool),
        )
        for row in range(table.num_rows)
    ]


def _flat(value: pa.ListScalar, kind: type, *width: int) -> np.ndarray:
    """A copy, so that it may be written to (and becomes a tensor without a warning)."""
    items = value.values
    if items is None:
        return np.zeros((0, *width), kind)
    if width:
        items = items.flatten()
    return np.array(items.to_numpy(zero_copy_only=False), kind).reshape(-1, *width)
