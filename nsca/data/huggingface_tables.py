"""Tables of a Hugging Face data set that lies on this disk, by split; nothing is downloaded.

Understood are what `datasets.save_to_disk` wrote, and Parquet or Arrow files as they lie on the
hub, whose split is in a folder's or file's name: `data/train-00000-of-00002.parquet`,
`train.parquet`, `default/validation/0000.parquet`. Which columns hold pictures, sounds and class
names, the schema says (`Image`, `Audio`, `ClassLabel`).
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from nsca.data.folder_listing import SPLIT_FOLDERS
from nsca.data.folders import some, visible, wrong_layout
from nsca.data.media import one_line
from nsca.errors import UserError
from nsca.spelling import advice

LAYOUT = "what datasets' save_to_disk wrote, or train-*.parquet and validation-*.parquet"
SAVED = {"dataset_dict.json", "state.json"}
"""Files by which a saved data set is known: of several splits, and of one."""
LABELS = ("label", "labels", "class")  # column names that speak for themselves

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """A table of one split.

    Attributes:
        split: train, val or test.
        name: of its file or split, for messages.
        table: its rows.
        features: what its columns are, by name: `datasets` features.
    """

    split: str
    name: str
    table: pa.Table
    features: Mapping[str, Any]


def is_huggingface(folder: Path) -> bool:
    """Whether a folder looks like such a data set, by names alone."""
    return any((folder / name).is_file() for name in SAVED) or bool(_table_files(folder))


def read_parts(folder: Path) -> list[Part]:
    """Every table, in the order of names.

    Raises:
        UserError: there is none, none for training, several of which none names a split, one that
            cannot be read, or tables whose columns differ.
    """
    saved = any((folder / name).is_file() for name in SAVED)
    found = _saved(folder) if saved else _files(folder)
    if not any(part.split == "train" for part in found):
        there = ", ".join(part.name for part in found) or some(visible(folder))
        raise wrong_layout(
            folder, LAYOUT, f"{there} but no train", "name the part to learn from train"
        )
    first = found[0]
    for part in found:
        if part.features != first.features:
            raise UserError(
                f"data.path={folder}: {part.name} has other columns than {first.name}",
                "give the folder of one configuration",
            )
    return found


def typed_column(
    parts: Sequence[Part], kind: str, key: str, asked: str | None, folder: Path
) -> str | None:
    """Return the column that holds something.

    Args:
        parts: tables of the same columns.
        kind: "Image", "Audio" or "ClassLabel".
        key: of the configuration that chooses it.
        asked: its name, taken as it is; None for the only one of the kind.
        folder: of the data set.

    Raises:
        UserError: there is no column of that name, or several of the kind; None where there is
            none.
    """
    features = parts[0].features
    if asked is not None:
        if asked not in features:
            raise UserError(
                f"data.{key}={asked}: {folder} has the columns {', '.join(features)}",
                advice(asked, features, "column"),
            )
        return asked
    found = [name for name, feature in features.items() if type(feature).__name__ == kind]
    if len(found) > 1:
        raise UserError(
            f"{folder} has several columns of kind {kind}: {', '.join(found)}",
            f"data.{key}={found[0]}",
        )
    return found[0] if found else None


def label_column_of(parts: Sequence[Part], asked: str | None, folder: Path) -> str:
    """The column of classes: the one asked for, the only `ClassLabel`, or one that is named so.

    Raises:
        UserError: see `typed_column`; or none is any of these.
    """
    found = typed_column(parts, "ClassLabel", "label_column", asked, folder)
    features = parts[0].features
    found = found or next((name for name in LABELS if name in features), None)
    if found is None:
        raise UserError(
            f"{folder} has the columns {', '.join(features)}, and none that is known for classes",
            "data.label_column=<one of them>",
        )
    return found


def class_names(part: Part, column: str) -> list[str | None]:
    """The class of every row by name; None where it has none (null, or -1 of a `ClassLabel`).

    Raises:
        UserError: the column holds something else than classes, or a number beyond their names.
    """
    values = part.table[column].to_pylist()
    names = getattr(part.features[column], "names", None)
    for row, value in enumerate(values):
        if isinstance(value, list | dict | bytes):
            raise UserError(
                f"{part.name} holds {type(value).__name__} in column {column}, not classes",
                "data.label_column=<another one>",
            )
        if names is not None and value is not None and value >= len(names):
            raise UserError(
                f"row {row} of {part.name} is of class {value} in column {column}, which has "
                f"names for {len(names)}",
                "save it again with every name, or choose another data.label_column",
            )
    if names is None:
        return [None if value is None else str(value) for value in values]
    return [None if value is None or value < 0 else str(names[value]) for value in values]


def _saved(folder: Path) -> list[Part]:
    import datasets

    try:
        loaded = datasets.load_from_disk(str(folder))
        splits = loaded if isinstance(loaded, datasets.DatasetDict) else {"train": loaded}
        tables = {str(name): each.with_format("arrow")[:] for name, each in splits.items()}
        features = {str(name): dict(each.features) for name, each in splits.items()}
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise UserError(
            f"data.path={folder}: {one_line(error, 'cannot be read as a saved data set')}",
            "save it again with save_to_disk",
        ) from error
    known = _known_splits(list(tables), set(tables), folder)
    return [Part(split, name, tables[name], features[name]) for name, split in known.items()]


def _files(folder: Path) -> list[Part]:
    files = _table_files(folder)
    if not files:
        raise wrong_layout(
            folder, LAYOUT, some(visible(folder)), "python -c 'import datasets; help(datasets)'"
        )
    names = {path.relative_to(folder).as_posix(): path for path in files}
    known = _known_splits(list(names), {re.sub(r"\d+", "", name) for name in names}, folder)
    return [_read(split, name, names[name]) for name, split in known.items()]


def _read(split: str, name: str, path: Path) -> Part:
    import datasets

    try:
        table = pq.read_table(path) if path.suffix == ".parquet" else _arrow(path)
        features = dict(datasets.Features.from_arrow_schema(table.schema))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise UserError(
            f"{path}: {one_line(error, 'cannot be read as a table')}", "fetch it again"
        ) from error
    return Part(split, name, table, features)


def _arrow(path: Path) -> pa.Table:
    mapped = pa.memory_map(str(path))
    try:
        return pa.ipc.open_stream(mapped).read_all()
    except pa.ArrowInvalid:
        return pa.ipc.open_file(mapped).read_all()


def _table_files(folder: Path) -> list[Path]:
    found = (p for suffix in ("parquet", "arrow") for p in folder.rglob(f"*.{suffix}"))
    return sorted(path for path in found if path.is_file())


def _known_splits(names: list[str], stems: set[str], folder: Path) -> dict[str, str]:
    """The split of each name that tells one. Where none does, all are for training if they are
    pieces of one thing (the names have one stem); else nobody knows which are held out.
    """
    found = {name: split for name in names if (split := _split_of(name))}
    if not found:
        if len(stems) > 1:
            raise UserError(
                f"data.path={folder}: which part is for training is told by none of "
                f"{', '.join(names[:5])}",
                f"begin their names with one of {', '.join(SPLIT_FOLDERS)}",
            )
        return dict.fromkeys(names, "train")
    if odd := [name for name in names if name not in found]:
        _log.warning("%s: left out %s, which name no split", folder, ", ".join(odd[:5]))
    return found


def _split_of(name: str) -> str | None:
    heads = [re.split(r"[-._]", part.lower())[0] for part in reversed(name.split("/"))]
    return next((SPLIT_FOLDERS[head] for head in heads if head in SPLIT_FOLDERS), None)
