"""What folders of pictures, sounds and videos have in common: listing, held-out parts, labels,
copies, broken files.

Labels reach probes alone. Files with the same bytes as a training file are left out of val and
test, because a copy is not held out.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Int

from nsca.data.file_selection import (
    COPY,
    every_class_in_both_parts,
    fingerprint_of,
    hold_out,
    same_bytes,
    thin,
    without_labels,
)
from nsca.data.file_store import FolderStore, Store
from nsca.data.folder_listing import NO_LABEL, Kind, LabelledFile
from nsca.data.folders import check_share_ranges, existing_folder
from nsca.data.media import BrokenFileError
from nsca.data.source import ProbeLabel, Split
from nsca.errors import UserError
from nsca.notice import notice

_log = logging.getLogger(__name__)


class LabelledFolder(ABC):
    """Files of one kind, by split and class, read once.

    Files of a group (see `folder_listing`) are held out together, and probes choose their strength
    on groups that they were not fitted on, where there is more than one.

    Args:
        path: the folder.
        sizes: that files are read at (pixels, seconds, ...), for the fingerprint.
        val_fraction: share of each class, or of the groups, held out when the folder has no val
            part, in (0, 1).
        seed: which files that share and `fraction` take.
        fraction: share of the training files to use, a class at a time, in (0, 1]; val and test
            stay whole.
        max_broken: largest tolerated share of unreadable files, in [0, 1].

    Raises:
        UserError: no path, nothing there, a wrong layout, or a number outside its range.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]

    def __init__(
        self,
        path: str | Path | None,
        *,
        sizes: Sequence[float],
        val_fraction: float,
        seed: int,
        fraction: float,
        max_broken: float,
    ) -> None:
        self._store = self.store(path)
        self.path = self._store.path
        if not 0 < val_fraction < 1:
            raise UserError(
                f"data.val_fraction={val_fraction} is not in (0, 1)", "data.val_fraction=0.2"
            )
        check_share_ranges(fraction, max_broken)
        self.max_broken = max_broken
        self._sizes = tuple(sizes)
        files = self._store.files()
        why = ""
        if not self.kind.same_classes and not every_class_in_both_parts(files):
            why = " (classes are not in both parts)"
            files = without_labels(files)
        self._drawn = not any(file.split == "val" for file in files)
        if self._drawn:
            files = hold_out(files, val_fraction, seed)
        self._every_train_path = [file.path for file in files if file.split == "train"]
        files = thin(files, fraction, seed)
        self.files = {
            split: [file for file in files if file.split == split]
            for split in ("train", "val", "test")
        }
        self.classes = sorted({file.label for file in files})
        self.labelled = self.classes != [NO_LABEL]
        if not self.labelled:
            notice(f"{self.path}: {self.kind.many} without labels{why}, so nothing is probed")
        self.broken: dict[str, list[BrokenFileError]] = {}
        self._loaded: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self._groups: dict[str, np.ndarray] = {}

    @property
    def held_out(self) -> tuple[Split, ...]:
        """`val`, and `test` where the folder has one."""
        return ("val", "test") if self.files["test"] else ("val",)

    def store(self, path: str | Path | None) -> Store:
        """Return where the files are. Raises UserError where there is no such folder."""
        return FolderStore(existing_folder(path, self.name), self.kind)

    def content(self, path: Path) -> bytes:
        """Return the bytes of a file, see `Store`."""
        return self._store.content(path)

    @abstractmethod
    def read(
        self, paths: Sequence[Path], what: str
    ) -> tuple[np.ndarray, list[int], list[BrokenFileError]]:
        """Return what is in the files, the position of each row's file, and the broken ones."""

    @abstractmethod
    def check(self, path: Path) -> None:
        """Open one file. Raises BrokenFileError where it cannot be used."""

    def problems(self) -> list[str]:
        """Open every file; one line for each that is broken, a sound that is silent, or put into a
        part to be held out and also in train.
        """
        broken: dict[Path, str] = {}
        for members in self.files.values():
            for member in members:
                try:
                    self.check(member.path)
                except BrokenFileError as error:
                    broken[member.path] = str(error)
        given = [split for split in self.held_out if split == "test" or not self._drawn]
        copies = sorted(path for split in given for path in self._copies(self.files[split]))
        return [
            *broken.values(),
            *(f"{path}: {COPY}" for path in copies if path not in broken),
        ]

    def fingerprint(self) -> str:
        """sha256 over split, class, path and content of every file, and the sizes read at."""
        return fingerprint_of(
            [
                (file.split, "\t".join(filter(None, (file.label, file.group))), file.path)
                for split in self.files.values()
                for file in split
            ],
            self.path,
            *self._sizes,
            digest=self._store.digest,
        )

    def load(
        self, split: Split
    ) -> tuple[np.ndarray, Int[np.ndarray, " row"], Int[np.ndarray, " row"]]:
        """Rows of a split, each one's class as its position in `classes`, and its file's number.

        Raises:
            UserError: the folder has no such split, or too many of its files are broken.
        """
        if split not in self._loaded:
            files = self._held_out(split, self.files[split])
            rows, kept, broken = self.read([file.path for file in files], f"{self.path} {split}")
            codes = np.array([self.classes.index(files[file].label) for file in kept], np.int64)
            self.broken[split] = broken
            used, numbers = np.unique(kept, return_inverse=True)
            together: dict[str | int, int] = {}
            groups = [
                together.setdefault(files[place].group or place, len(together))
                for place in used.tolist()
            ]
            # of one group alone nothing could be held out: its files stand for themselves
            apart = len(together) > 1 or len(used) < 2
            self._groups[split] = np.array(groups if apart else range(len(used)), np.int64)
            self._loaded[split] = (rows, codes, numbers)
        return self._loaded[split]

    def label(self, split: Split) -> dict[str, ProbeLabel]:
        """`label`: the class of each row as its position in `classes`; rows of one file, and of the
        files of one group, belong together. Nothing where files have no labels.

        Raises:
            UserError: see `load`.
        """
        if not self.labelled:
            return {}
        _, codes, files = self.load(split)
        return {"label": ProbeLabel(codes, "class", self._groups[split][files])}

    def _copies(self, files: list[LabelledFile]) -> set[Path]:
        """Those of these files that are in train as well."""
        names = [file.path for file in files]
        return same_bytes(names, self._every_train_path, self._store.length, self._store.digest)

    def _held_out(self, split: str, files: list[LabelledFile]) -> list[LabelledFile]:
        if not files:
            raise UserError(
                f"{self.path} has no {split} part", f"add {self._store.example(split)} to it"
            )
        if split == "train":
            return files
        copies = self._copies(files)
        if len(copies) == len(files):
            names = [file.path for file in files]
            self.read(names, f"{self.path} {split}")  # nothing equals nothing: said as what it is
            raise UserError(
                f"every {split} {self.kind.one} of {self.path} is also in train",
                f"use other {self.kind.many}",
            )
        if copies:
            some = ", ".join(path.name for path in sorted(copies)[:5])
            _log.warning(
                "%s: left out %d %s %s that are also in train: %s",
                self.path,
                len(copies),
                split,
                self.kind.many,
                some,
            )
        return [file for file in files if file.path not in copies]
