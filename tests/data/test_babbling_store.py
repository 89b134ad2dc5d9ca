"""Files of a set: written whole or not at all, recorded truthfully, and named when they are bad."""

import errno
import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from data.synthetic_demonstrations import stored

from nsca.data.babbling_store import (
    content_fingerprint,
    files_of,
    read_manifest,
    read_shards,
    sha256_of,
    write_parquet,
    write_text,
)
from nsca.errors import UserError

TABLE = pa.table({"episode": pa.array([1, 2, 3], pa.int32()), "word": ["a", "b", "a"]})


def manifest_of(*files: tuple[str, str]) -> dict:
    """One shard a file, in the order given; each file is a path and a checksum."""
    return {"shards": {path: {"files": [{"path": path, "sha256": sha}]} for path, sha in files}}


def test_a_file_is_recorded_as_it_lies_there(tmp_path: Path) -> None:
    record = write_parquet(TABLE, tmp_path, "labels/val-00000.parquet")
    content = (tmp_path / "labels" / "val-00000.parquet").read_bytes()
    assert record.path == "labels/val-00000.parquet"
    assert (record.rows, record.bytes) == (3, len(content))
    assert record.sha256 == hashlib.sha256(content).hexdigest()
    assert pq.read_table(tmp_path / record.path).equals(TABLE)
    assert [path.name for path in (tmp_path / "labels").iterdir()] == ["val-00000.parquet"]


def test_equal_tables_are_equal_files_wherever_they_lie(tmp_path: Path) -> None:
    first = write_parquet(TABLE, tmp_path / "here", "labels/val-00000.parquet")
    second = write_parquet(TABLE, tmp_path / "there", "labels/val-00000.parquet")
    assert first == second
    assert write_parquet(TABLE.slice(1), tmp_path, "labels/other.parquet").sha256 != first.sha256


def test_a_write_that_fails_leaves_the_old_file_and_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = write_parquet(TABLE, tmp_path, "labels/val-00000.parquet")

    def full(table: pa.Table, path: Path, **options: object) -> None:
        path.write_bytes(b"PAR1 and then the disk was full")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        write_parquet(TABLE.slice(1), tmp_path, "labels/val-00000.parquet")
    assert sha256_of(tmp_path / record.path) == record.sha256
    assert [path.name for path in (tmp_path / "labels").iterdir()] == ["val-00000.parquet"]


def test_a_text_is_replaced_whole_or_stays(tmp_path: Path) -> None:
    write_text(tmp_path / "card.md", "für alle")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "card.md", "x" * 100_000 + "\ud800")
    assert (tmp_path / "card.md").read_text(encoding="utf-8") == "für alle"
    write_text(tmp_path / "card.md", "new")
    assert (tmp_path / "card.md").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["card.md"]


def test_a_missing_set_and_a_folder_that_is_none_say_how_to_make_one(tmp_path: Path) -> None:
    for folder, cause in (("nowhere", "there is no data set"), (".", "not a babbling data set")):
        with pytest.raises(UserError, match=cause) as failure:
            read_manifest(tmp_path / folder)
        assert f"python -m nsca.babble path={tmp_path / folder}" in failure.value.remedy


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"status": "complete"}', b"\xff\xfe\x00"])
def test_a_broken_manifest_is_named(babbling_set: Path, content: bytes) -> None:
    (babbling_set / "manifest.json").write_bytes(content)
    with pytest.raises(UserError, match=r"set/manifest\.json is broken"):
        read_manifest(babbling_set)


def test_another_schema_version_is_refused(babbling_set: Path) -> None:
    manifest = babbling_set / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(UserError, match=r"schema version 99; this version of nsca reads 1 "):
        read_manifest(babbling_set)


def test_a_set_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds demonstrations, not babbling data"):
        read_manifest(stored(tmp_path))


def test_the_fingerprint_is_of_the_content_and_nothing_else() -> None:
    files = [("labels/val-00000.parquet", "1f"), ("labels/train-00000.parquet", "2e")]
    fingerprint = content_fingerprint(manifest_of(*files))
    assert len(fingerprint) == 64
    later = manifest_of(*reversed(files)) | {"status": "complete", "versions": {"nsca": "9"}}
    assert content_fingerprint(later) == fingerprint
    swapped = [(files[0][0], "2e"), (files[1][0], "1f")]
    for other in (files[:1], swapped):
        assert content_fingerprint(manifest_of(*other)) != fingerprint


def test_shards_of_a_split_are_found_in_order() -> None:
    names = ["labels/train-00010", "labels/train-00002", "labels/val-00000"]
    names += ["observations/train-00000", "privileged/train-00002"]
    manifest = manifest_of(*((f"{name}.parquet", "") for name in names))
    found = files_of(manifest, "labels", "train")
    assert found == ["labels/train-00002.parquet", "labels/train-00010.parquet"]
    assert files_of(manifest, "privileged", "test") == []


def test_shards_are_read_one_by_one_with_the_columns_asked_for(babbling_set: Path) -> None:
    manifest = read_manifest(babbling_set)
    tables = list(read_shards(babbling_set, manifest, "labels", "train", ["shape", "episode"]))
    assert [table.num_rows for table in tables] == [10, 2]  # 13 episodes, the unstable one dropped
    assert {name for table in tables for name in table.column_names} == {"shape", "episode"}
    assert tables[1]["episode"].to_pylist() == [10, 11]


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_a_bad_shard_is_named_after_the_good_ones(babbling_set: Path, damage: str) -> None:
    victim = babbling_set / "labels" / "train-00001.parquet"
    content = victim.read_bytes()
    victim.unlink()
    if damage != "missing":
        victim.write_bytes(content[:-9] if damage == "truncated" else b"not parquet at all")
    shards = read_shards(babbling_set, read_manifest(babbling_set), "labels", "train")
    assert next(shards).num_rows == 10
    with pytest.raises(UserError) as failure:
        next(shards)
    assert failure.value.cause.startswith(f"{victim} cannot be read (")
    assert "\n" not in failure.value.cause
    assert f"path={babbling_set}" in failure.value.remedy


def test_every_file_of_a_set_has_the_checksum_that_its_manifest_says(babbling_set: Path) -> None:
    shards = json.loads((babbling_set / "manifest.json").read_text())["shards"].values()
    files = [file for shard in shards for file in shard["files"]]
    assert len(files) == 3 * 4
    for file in files:
        content = (babbling_set / file["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            file["bytes"],
            file["sha256"],
        )
