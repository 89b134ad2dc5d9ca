"""A row is named by its place and gives its bytes, however the cell keeps them."""

import hashlib
from pathlib import Path

import datasets
import pytest
from data.fake_tables import picture, put_parquet

from nsca.data.file_store import Store
from nsca.data.huggingface_rows import RowStore
from nsca.data.huggingface_tables import read_parts
from nsca.data.media import BrokenFileError
from nsca.errors import UserError


def store(root: Path, labels: list, cells: list, **held_out: datasets.Dataset) -> RowStore:
    rows = datasets.Dataset.from_dict({"image": cells, "label": labels})
    return RowStore(root, read_parts(put_parquet(root, train=rows, **held_out)), "image", "label")


def test_bytes_come_from_the_cell_or_from_where_it_points(tmp_path: Path) -> None:
    inside, outside = picture("red", 1), picture("red", 2)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "far.png").write_bytes(outside)
    cells = [
        {"bytes": inside, "path": "a.png"},
        {"bytes": None, "path": "far.png"},
        {"bytes": None, "path": "gone.png"},
        {"bytes": None, "path": None},
    ]
    rows = store(tmp_path / "set", ["red"] * 4, cells)
    files = [file.path for file in rows.files()]
    assert isinstance(rows, Store)
    assert rows.example("test") == "test-*.parquet, or a split test"
    assert [file.name for file in files] == [f"row 0000000{n}" for n in range(4)]
    assert [rows.content(file) for file in files[:2]] == [inside, outside]
    assert [rows.length(file) for file in files] == [len(inside), len(outside), -1, -1]
    digests = [hashlib.sha256(content).hexdigest() for content in (inside, outside)]
    assert [rows.digest(file) for file in files] == [*digests, "", ""]
    with pytest.raises(BrokenFileError, match="holds nothing in column image"):
        rows.content(files[3])


def test_rows_without_a_class_are_refused_and_parts_without_any_left_out(
    tmp_path: Path, caplog
) -> None:
    cells = [{"bytes": b"x", "path": None}] * 2
    with pytest.raises(UserError, match=r"row 1 of data/train.* have no label"):
        store(tmp_path / "a", ["red", None], cells).files()
    bare = datasets.Dataset.from_dict({"image": cells, "label": ["", ""]})
    rows = store(tmp_path / "b", ["red", "blue"], cells, test=bare)
    assert {file.split for file in rows.files()} == {"train"}
    assert "left out data/test-00000-of-00001.parquet, which has no classes" in caplog.text
    odd = datasets.Dataset.from_dict({"image": cells, "label": ["red", "green"]})
    with pytest.raises(UserError, match="val has classes that train lacks: green"):
        store(tmp_path / "c", ["red", "blue"], cells, validation=odd).files()
    with pytest.raises(UserError, match="no row for training"):
        RowStore(tmp_path, [], "image", "label").files()
