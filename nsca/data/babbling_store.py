"""The babbling data set on disk: sharded Parquet that `datasets` and other readers open directly.

    <set>/observations/<split>-<shard>.parquet   one row an interaction: what an agent perceives
    <set>/labels/...                             one row an object: kind and visible attributes
    <set>/privileged/...                         one row an object: hidden properties
    <set>/manifest.json                          configuration, versions, counts, sha256 of files
    <set>/README.md                              data card

Observations are for training, labels for probes, privileged properties for evaluation alone
(`nsca.data.privileged`, which training code may not import). Files hold no time stamp: the same
seed gives the same bytes.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from nsca.data.babbling_tables import SCHEMA_VERSION
from nsca.errors import UserError

TABLES = ("observations", "labels", "privileged")


@dataclass(frozen=True)
class FileRecord:
    """What the manifest keeps of a file; `path` is relative to the set."""

    path: str
    rows: int
    bytes: int
    sha256: str


def write_parquet(table: pa.Table, root: Path, name: str) -> FileRecord:
    """Writes <root>/<name> atomically: the whole file or none.

    Raises:
        OSError: as the file system says it (no space, read-only); the half-written file is removed.
    """
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        words = [field.name for field in table.schema if pa.types.is_string(field.type)]
        pq.write_table(table, half, compression="zstd", compression_level=1, use_dictionary=words)
        digest, size = sha256_of(half), half.stat().st_size
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)
    return FileRecord(name, table.num_rows, size, digest)


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: Path, text: str) -> None:
    """Replaces a small text file atomically."""
    half = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest of a set.

    Raises:
        UserError: there is no set, it is of another schema version, or its manifest is broken.
    """
    path = root / "manifest.json"
    generate = f"generate one with: python -m nsca.babble path={root}"
    if not root.is_dir():
        raise UserError(f"there is no data set at {root}", generate)
    if not path.is_file():
        raise UserError(f"{root} is not a babbling data set: it has no manifest.json", generate)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["schema_version"]
        kind = manifest.get("kind", "babbling")  # sets of other sources say what they are
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is broken ({error})", "delete the set and generate it again"
        ) from error
    if kind != "babbling":
        raise UserError(f"{root} holds {kind}, not babbling data", "choose another path=")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{root} has schema version {version}; this version of nsca reads {SCHEMA_VERSION}",
            "generate it again with this version, or use the version that wrote it",
        )
    return manifest


def content_fingerprint(manifest: dict[str, Any]) -> str:
    """One sha256 over the checksums of all files: equal for equal data, whenever it was made."""
    files = sorted(
        (f["path"], f["sha256"]) for s in manifest["shards"].values() for f in s["files"]
    )
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()


def files_of(manifest: dict[str, Any], table: str, split: str) -> list[str]:
    """Relative paths of a split's shards, in order."""
    prefix = f"{table}/{split}-"
    names = (file["path"] for shard in manifest["shards"].values() for file in shard["files"])
    return sorted(name for name in names if name.startswith(prefix))


def mend(root: Path) -> str:
    """What to do about a broken shard, for messages."""
    return (
        f"run python -m nsca.babble with the set's own settings and path={root}: "
        "it replaces broken shards and keeps the others"
    )


def read_shards(
    root: Path,
    manifest: dict[str, Any],
    table: str,
    split: str,
    columns: Sequence[str] | None = None,
) -> Iterator[pa.Table]:
    """Yields one Arrow table a shard: the caller decides how much to hold in memory.

    Raises:
        UserError: a shard is missing or broken; it is named.
    """
    for name in files_of(manifest, table, split):
        try:
            yield pq.read_table(root / name, columns=None if columns is None else list(columns))
        except (OSError, pa.ArrowException) as error:
            reason = str(error).splitlines()[0]
            raise UserError(
                f"{root / name} cannot be read ({reason})",
                mend(root),
            ) from error
