"""Splits are known by names; what cannot be read is named."""

from pathlib import Path

import datasets
import pyarrow as pa
import pytest
from data.fake_tables import pictures, put_parquet

from nsca.data.huggingface_tables import (
    Part,
    class_names,
    is_huggingface,
    label_column_of,
    read_parts,
    typed_column,
)
from nsca.errors import UserError


def plain(**columns: list) -> datasets.Dataset:
    return datasets.Dataset.from_dict(columns or {"label": [0, 1]})


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.parquet", "train"),
        ("data/valid-00000-of-00002.parquet", "val"),
        ("default/validation/0000.parquet", "val"),
        ("Test_part.parquet", "test"),
    ],
)
def test_a_split_is_in_a_name(tmp_path: Path, name: str, split: str) -> None:
    for each in {name, "train.parquet"}:
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        plain().to_parquet(tmp_path / each)
    assert split in {part.split for part in read_parts(tmp_path) if part.name == name}
    assert is_huggingface(tmp_path)


def test_names_without_a_split_are_training_or_left_out(tmp_path: Path, caplog) -> None:
    plain().to_parquet(tmp_path / "numbers.parquet")
    assert [part.split for part in read_parts(tmp_path)] == ["train"]
    plain().to_parquet(tmp_path / "train.parquet")
    assert [part.name for part in read_parts(tmp_path)] == ["train.parquet"]
    assert "left out numbers.parquet" in caplog.text


def test_pieces_of_one_thing_are_training_and_several_unknown_parts_are_refused(
    tmp_path: Path,
) -> None:
    for name in ("piece-00000-of-00002", "piece-00001-of-00002"):
        plain().to_parquet(tmp_path / f"{name}.parquet")
    assert [part.split for part in read_parts(tmp_path)] == ["train", "train"]
    for one, other in (("training-0", "testing-0"), ("set-training", "set-testing")):
        for name in (one, other):
            (tmp_path / one).mkdir(exist_ok=True)
            plain().to_parquet(tmp_path / one / f"{name}.parquet")
        with pytest.raises(UserError, match=f"{other}.parquet, {one}.parquet") as refused:
            read_parts(tmp_path / one)
        assert "train, val, valid, validation, test" in refused.value.remedy
    for keys in (("fit", "dev"), ("fold1", "fold2")):
        datasets.DatasetDict({key: plain() for key in keys}).save_to_disk(tmp_path / keys[0])
        with pytest.raises(UserError, match=f"told by none of {', '.join(keys)}"):
            read_parts(tmp_path / keys[0])
    datasets.DatasetDict(fit=plain()).save_to_disk(tmp_path / "single")
    assert [part.split for part in read_parts(tmp_path / "single")] == ["train"]


def test_arrow_files_of_either_kind(tmp_path: Path) -> None:
    table = pa.table({"label": [1, 2, 3]})
    for name, open_ in (("train", pa.ipc.new_stream), ("test", pa.ipc.new_file)):
        with open_(str(tmp_path / f"{name}.arrow"), table.schema) as writer:
            writer.write_table(table)
    assert [part.table.num_rows for part in read_parts(tmp_path)] == [3, 3]


def test_bad_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    assert not is_huggingface(tmp_path)
    with pytest.raises(UserError, match=r"expected what datasets.*found notes.txt"):
        read_parts(tmp_path)
    (tmp_path / "train.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(UserError, match=r"train.parquet: cannot be read as a table"):
        read_parts(tmp_path)
    plain().to_parquet(tmp_path / "train.parquet")
    plain(other=[1]).to_parquet(tmp_path / "test.parquet")
    with pytest.raises(UserError, match=r"train.parquet has other columns than test.parquet"):
        read_parts(tmp_path)
    (tmp_path / "train.parquet").unlink()
    with pytest.raises(UserError, match="parquet but no train"):
        read_parts(tmp_path)
    saved = tmp_path / "saved"
    plain().save_to_disk(saved)
    next(saved.glob("*.arrow")).write_bytes(b"cut")
    with pytest.raises(UserError, match="cannot be read as a saved data set"):
        read_parts(saved)


def test_columns_are_found_by_kind(tmp_path: Path) -> None:
    parts = read_parts(put_parquet(tmp_path, train=pictures(2)))
    assert typed_column(parts, "Image", "image_column", None, tmp_path) == "image"
    assert typed_column(parts, "Audio", "audio_column", None, tmp_path) is None
    assert label_column_of(parts, None, tmp_path) == "label"
    assert class_names(parts[0], "label")[:3] == ["red", "red", "green"]
    two = datasets.Dataset.from_dict(
        {"a": [0], "b": [1]},
        features=datasets.Features(
            {"a": datasets.ClassLabel(names=["x", "y"]), "b": datasets.ClassLabel(names=["z", "w"])}
        ),
    )
    parts = read_parts(put_parquet(tmp_path / "two", train=two))
    with pytest.raises(UserError, match="several columns of kind ClassLabel: a, b"):
        label_column_of(parts, None, tmp_path)
    assert class_names(parts[0], "b") == ["w"]


def test_columns_that_hold_no_classes_are_refused_by_name(tmp_path: Path) -> None:
    (part,) = read_parts(put_parquet(tmp_path / "a", train=pictures(2)))
    with pytest.raises(UserError, match="holds dict in column image, not classes"):
        class_names(part, "image")
    tags = plain(tags=[["a", "b"], ["a"]], code=[1.0, None])
    (part,) = read_parts(put_parquet(tmp_path / "b", train=tags))
    with pytest.raises(UserError, match="holds list in column tags, not classes"):
        class_names(part, "tags")
    assert class_names(part, "code") == ["1.0", None]
    features = {"kind": datasets.ClassLabel(names=["x", "y", "z"])}
    beyond = Part("train", "train.parquet", pa.table({"kind": [2, -1, 7]}), features)
    with pytest.raises(UserError, match=r"row 2 of train.parquet is of class 7 in column kind"):
        class_names(beyond, "kind")
