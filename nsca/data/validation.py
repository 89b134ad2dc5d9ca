"""Is a data set whole and plausible? Every problem as one line that names its file.

A babbling set is held against its manifest (files, checksums, counts), its schema and the ranges
that physics allows. Folders of pictures are checked in `nsca.data.__main__`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nsca.data.babbling_store import TABLES, read_manifest, sha256_of
from nsca.data.babbling_tables import OBSERVATION_SCHEMA, STREAMS
from nsca.data.generation_plan import GenerationPlan
from nsca.worlds.tabletop.interaction import (
    AUDIO_SAMPLES,
    DURATION_S,
    FRAMES,
    IMAGE_SIZE,
    MAX_OBJECTS,
    PRIMITIVES,
    SPAWNS,
    STATE_WIDTH,
)

PICTURE_BYTES = FRAMES * IMAGE_SIZE * IMAGE_SIZE * 3
FARTHEST_M = 10.0  # nothing on a table may be farther away than that


def babbling_problems(root: Path) -> Iterator[str]:
    """Problems of a babbling set, as they are found.

    Raises:
        UserError: there is no set or its manifest cannot be read.
    """
    manifest = read_manifest(root)
    if manifest["status"] != "complete":
        yield f"{root / 'manifest.json'}: the set is not finished (status {manifest['status']})"
    else:
        yield from _missing_shards(root, manifest)
    listed = {f["path"]: f for shard in manifest["shards"].values() for f in shard["files"]}
    for table in TABLES:
        for path in sorted((root / table).glob("*.parquet")):
            if str(path.relative_to(root)) not in listed:
                yield f"{path}: not in the manifest"
    instances: dict[str, str] = {}
    for name, shard in sorted(manifest["shards"].items()):
        broken = False
        for file in shard["files"]:
            for problem in file_problems(root / file["path"], file):
                broken = True
                yield problem
        if not broken:
            yield from _content_problems(root, name, shard, manifest, instances)


def _missing_shards(root: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Shards that a complete set of this configuration has."""
    settings = dict(manifest["configuration"])
    del settings["episodes_per_shard"]
    plan = GenerationPlan(**settings)
    if plan.configuration() != manifest["configuration"]:
        return  # cut into shards of another size
    for shard in plan.shards():
        if shard.name not in manifest["shards"]:
            yield f"{root / 'manifest.json'}: called complete, but lacks shard {shard.name}"


def file_problems(path: Path, file: dict[str, Any]) -> Iterator[str]:
    """Whether a Parquet file is what a manifest's record of it says."""
    if not path.is_file():
        yield f"{path}: missing"
    elif path.stat().st_size != file["bytes"]:
        yield f"{path}: {path.stat().st_size} bytes, the manifest says {file['bytes']}"
    elif sha256_of(path) != file["sha256"]:
        yield f"{path}: its checksum is not the manifest's"
    else:
        try:
            rows = pq.read_metadata(path).num_rows
        except pa.ArrowException as error:
            yield f"{path}: not readable as Parquet ({str(error).splitlines()[0]})"
        else:
            if rows != file["rows"]:
                yield f"{path}: {rows} rows, the manifest says {file['rows']}"


def _content_problems(
    root: Path,
    name: str,
    shard: dict[str, Any],
    manifest: dict[str, Any],
    instances: dict[str, str],
) -> Iterator[str]:
    path = root / "observations" / f"{name}.parquet"
    table = pq.read_table(path)
    if not table.schema.equals(OBSERVATION_SCHEMA, check_metadata=False):
        yield f"{path}: columns differ from schema version {manifest['schema_version']}"
        return
    if table.num_rows != shard["interactions"]:
        yield f"{path}: {table.num_rows} interactions, the manifest says {shard['interactions']}"
    split = name.rpartition("-")[0]
    wanted_set = "B" if split == "test" else "A"
    for number, row in enumerate(table.to_pylist()):
        for problem in _row_problems(row, manifest["configuration"]["render"], wanted_set):
            yield f"{path}, row {number}: {problem}"
        for instance in row["instance_ids"]:
            if instances.setdefault(instance, split) != split:
                yield f"{path}, row {number}: {instance} is also in split {instances[instance]}"
    seen = {instance for names in table["instance_ids"].to_pylist() for instance in names}
    for other in ("labels", "privileged"):
        known = pq.read_table(root / other / f"{name}.parquet", columns=["instance_id"])
        if differ := sorted(seen ^ set(known["instance_id"].to_pylist())):
            yield f"{root}/{other}/{name}.parquet: not the objects of {path.name}: {differ[0]}"
    labels = pq.read_table(root / "labels" / f"{name}.parquet").to_pylist()
    kinds = set(manifest["object_sets"][wanted_set])
    for row in labels:
        if row["kind"] not in kinds:
            yield f"{root}/labels/{name}.parquet: {row['kind']} is not in object set {wanted_set}"


def _row_problems(row: dict[str, Any], render: bool, object_set: str) -> Iterator[str]:
    for column, allowed in (("primitive", PRIMITIVES), ("spawn", SPAWNS)):
        if row[column] not in allowed:
            yield f"{column} {row[column]!r} is none of {', '.join(allowed)}"
    if row["object_set"] != object_set:
        yield f"object set {row['object_set']} in a split of set {object_set}"
    if not 1 <= len(row["instance_ids"]) <= MAX_OBJECTS:
        yield f"{len(row['instance_ids'])} objects"
    if not 0 <= row["target"] < len(row["instance_ids"]):
        yield f"target {row['target']} of {len(row['instance_ids'])} objects"
    if not -1 <= row["first_contact_frame"] < FRAMES:
        yield f"first_contact_frame {row['first_contact_frame']}"
    for event in row["events"]:
        if not -1e-6 <= event["time_s"] <= DURATION_S + 1e-6:
            yield f"event {event['kind']} at {event['time_s']} s, outside the interaction"
        if not np.isfinite(event["magnitude"]):
            yield f"event {event['kind']} of magnitude {event['magnitude']}"
    yield from _stream_problems(row, render)


def _stream_problems(row: dict[str, Any], render: bool) -> Iterator[str]:
    sizes = {"audio": 2 * AUDIO_SAMPLES} | ({"frames": PICTURE_BYTES} if render else {})
    for name, size in sizes.items():
        if row[name] is None:
            yield f"{name} is missing"
        elif len(row[name]) != size:
            yield f"{name} takes {len(row[name])} bytes, not {size}"
    if not render and row["frames"] is not None:
        yield "frames in a set without pictures"
    for name in (*STREAMS, "object_state"):
        if not np.isfinite(np.asarray(row[name], np.float32)).all():
            yield f"{name} holds a number that is not finite"
    state = np.asarray(row["object_state"], np.float32)
    if state.size != FRAMES * len(row["instance_ids"]) * STATE_WIDTH:
        yield f"object_state holds {state.size} numbers"
        return
    state = state.reshape(-1, STATE_WIDTH)
    if np.abs(state[:, :3]).max() > FARTHEST_M:
        yield f"an object is farther away than {FARTHEST_M} m"
    if np.abs(np.linalg.norm(state[:, 3:7], axis=1) - 1).max() > 1e-3:
        yield "an orientation is not a unit quaternion"
