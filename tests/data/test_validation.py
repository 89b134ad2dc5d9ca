"""Validation: silent on a good set, one line with the file's name for every kind of damage."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nsca.data.babbling_store import write_parquet
from nsca.data.validation import babbling_problems

NAME = "observations/train-00000.parquet"


def forge(root: Path, column: str, change, name: str = NAME) -> None:
    """Changes the first row of a shard and fits the manifest to it, as a buggy writer would."""
    table = pq.read_table(root / name)
    rows = table.to_pylist()
    rows[0][column] = change(rows[0][column])
    forged = pa.Table.from_pylist(rows, schema=table.schema)
    record = write_parquet(forged, root, name)
    manifest = json.loads((root / "manifest.json").read_text())
    for shard in manifest["shards"].values():
        for file in shard["files"]:
            if file["path"] == name:
                file.update(bytes=record.bytes, sha256=record.sha256)
    (root / "manifest.json").write_text(json.dumps(manifest))


def first_nan(values: list[float]) -> list[float]:
    return [float("nan"), *values[1:]]


def test_a_good_set_has_no_problems(babbling_set: Path) -> None:
    assert list(babbling_problems(babbling_set)) == []


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "unlisted", "unfinished"])
def test_damaged_files_are_named(babbling_set: Path, damage: str) -> None:
    path = babbling_set / NAME
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[:-1])
    elif damage == "flipped":
        path.write_bytes(content[:700] + bytes([content[700] ^ 4]) + content[701:])
    elif damage == "unlisted":
        path = path.with_name("train-00099.parquet")
        path.write_bytes(content)
    else:
        path = babbling_set / "manifest.json"
        path.write_text(path.read_text().replace("complete", "partial"))
    problems = list(babbling_problems(babbling_set))
    assert len(problems) == 1
    assert problems[0].startswith(str(path))


@pytest.mark.parametrize(
    ("column", "change", "word"),
    [
        ("touch", first_nan, "touch holds a number that is not finite"),
        ("object_state", first_nan, "not finite"),
        ("object_state", lambda v: [50.0, *v[1:]], "farther away"),
        ("object_state", lambda v: [*v[:3], 2.0, *v[4:]], "unit quaternion"),
        ("object_state", lambda v: v[:-1], "object_state holds"),
        ("primitive", lambda _: "juggle", "primitive 'juggle'"),
        ("spawn", lambda _: "elsewhere", "spawn 'elsewhere'"),
        ("target", lambda _: 5, "target 5"),
        ("frames", lambda _: None, "frames is missing"),
        ("frames", lambda v: v[:-1], "frames takes"),
        ("audio", lambda v: v[:-2], "audio takes"),
        ("object_set", lambda _: "B", "object set B"),
        ("first_contact_frame", lambda _: 40, "first_contact_frame"),
        ("events", lambda v: [{**v[0], "time_s": 9.0}], "outside the interaction"),
        ("events", lambda v: [{**v[0], "magnitude": float("inf")}], "magnitude inf"),
        ("instance_ids", lambda _: [], "0 objects"),
    ],
)
def test_implausible_content_is_named(babbling_set: Path, column: str, change, word: str) -> None:
    forge(babbling_set, column, change)
    problems = list(babbling_problems(babbling_set))
    assert any(word in problem and "train-00000.parquet, row 0" in problem for problem in problems)


def test_an_instance_in_two_splits_is_named(babbling_set: Path) -> None:
    other = pq.read_table(babbling_set / "observations/val-00000.parquet", columns=["instance_ids"])
    forge(babbling_set, "instance_ids", lambda _: other["instance_ids"][0].as_py())
    assert any("is also in split" in problem for problem in babbling_problems(babbling_set))


def test_a_kind_of_the_wrong_set_is_named(babbling_set: Path) -> None:
    forge(babbling_set, "kind", lambda _: "unicorn", "labels/val-00000.parquet")
    assert any("not in object set A" in problem for problem in babbling_problems(babbling_set))


def test_a_complete_set_without_all_of_its_shards_is_named(babbling_set: Path) -> None:
    path = babbling_set / "manifest.json"
    manifest = json.loads(path.read_text())
    for file in manifest["shards"].pop("train-00001")["files"]:
        (babbling_set / file["path"]).unlink()
    path.write_text(json.dumps(manifest))
    assert list(babbling_problems(babbling_set)) == [
        f"{path}: called complete, but lacks shard train-00001"
    ]


@pytest.mark.parametrize("table", ["labels", "privileged"])
def test_objects_that_no_interaction_shows_are_named(babbling_set: Path, table: str) -> None:
    name = f"{table}/val-00000.parquet"
    forge(babbling_set, "instance_id", lambda _: "A-0-7", name)
    problems = list(babbling_problems(babbling_set))
    assert any(name in problem and "not the objects" in problem for problem in problems)
