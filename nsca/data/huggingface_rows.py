"""Rows of tables as labelled files: their names say where they are, their bytes come out of a cell.

A cell is what `datasets` keeps of a picture or sound: its bytes, or where it lies; or bytes alone.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from nsca.data.folder_listing import LabelledFile, check_classes
from nsca.data.huggingface_tables import Part, class_names
from nsca.data.media import BrokenFileError, file_bytes
from nsca.errors import UserError

_log = logging.getLogger(__name__)


class RowStore:
    """One column of a data set, a `Store`.

    Args:
        path: of the folder.
        parts: its tables.
        column: of pictures or sounds.
        labels: column of classes.
    """

    def __init__(self, path: Path, parts: Sequence[Part], column: str, labels: str) -> None:
        self.path = path
        self._parts = parts
        self._column = column
        self._labels = labels
        self._places = {
            self._name(part, row): (number, row)
            for number, part in enumerate(parts)
            for row in range(part.table.num_rows)
        }

    def files(self) -> list[LabelledFile]:
        """Every row, sorted by split, class and place.

        Raises:
            UserError: a row has no class where others of its table have one; there is no row for
                training; a held-out part has classes that train lacks.
        """
        found: list[LabelledFile] = []
        for part in self._parts:
            names = class_names(part, self._labels)
            lacking = [row for row, name in enumerate(names) if not name]
            if len(lacking) == len(names) and part.split != "train":
                _log.warning("%s: left out %s, which has no classes", self.path, part.name)
                continue
            if lacking:
                raise UserError(
                    f"{self.path}: row {lacking[0]} of {part.name} and {len(lacking) - 1} others "
                    f"have no {self._labels}",
                    "filter them out, or choose another data.label_column",
                )
            found += [
                LabelledFile(part.split, name, self._name(part, row))
                for row, name in enumerate(names)
                if name
            ]
        if not any(file.split == "train" for file in found):
            raise UserError(f"{self.path} has no row for training", "give tables with rows")
        check_classes(found, self.path)
        return sorted(found)

    def length(self, path: Path) -> int:
        """See `Store`."""
        try:
            return len(self.content(path))
        except BrokenFileError:
            return -1

    def digest(self, path: Path) -> str:
        """See `Store`."""
        try:
            return hashlib.sha256(self.content(path)).hexdigest()
        except BrokenFileError:
            return ""

    def content(self, path: Path) -> bytes:
        """See `Store`."""
        number, row = self._places[path]
        cell = self._parts[number].table[self._column][row].as_py()
        if isinstance(cell, dict):
            where = cell.get("path")
            cell = cell.get("bytes")
            if cell is None and where:
                return file_bytes(self.path / where)
        if isinstance(cell, bytes):
            return cell
        kind = "nothing" if cell is None else type(cell).__name__
        raise BrokenFileError(path, f"holds {kind} in column {self._column}, not bytes")

    def example(self, split: str) -> str:
        """See `Store`."""
        return f"{split}-*.parquet, or a split {split}"

    def _name(self, part: Part, row: int) -> Path:
        return self.path / part.name / f"row {row:08d}"
