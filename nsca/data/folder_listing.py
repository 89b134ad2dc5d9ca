"""Reads how a folder of pictures, sounds or videos is laid out, and says what was expected, what
is there and the fix where it is not.

These layouts are understood, looked for in this order:

    labels.csv                                   columns split,label,file; files relative to the
                                                 folder, or all starting with its name; if there
                                                 is one, a column group says which files belong
                                                 together (of one speaker, one object)
    train/<class>/*.jpg and val/<class>/*.jpg    also `valid`, `validation`; `test` if there is one
    <class>/*.jpg                                everything is train; the reader holds a part out
    train/*.jpg and val/*.jpg, or *.jpg          no labels, so nothing is probed

Files that lie elsewhere are left out and named in a warning.
"""

import csv
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nsca.data.folders import some, visible, wrong_layout
from nsca.data.media import AUDIO_SUFFIXES, IMAGE_SUFFIXES, VIDEO_SUFFIXES
from nsca.errors import UserError

SPLIT_FOLDERS = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
NO_LABEL = ""  # the class of files that have none


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kind:
    """What the files are: their suffixes, words for messages, and whether a class that is held out
    must be one of train; where it need not be and is not, no file of the folder has a label.
    """

    suffixes: frozenset[str]
    one: str
    many: str
    example: str
    same_classes: bool = True

    @property
    def layout(self) -> str:
        """The layouts in a line."""
        inside = f"<class>/{self.example}"
        table = "labels.csv (split,label,file)"
        loose = f"without labels {self.example}"
        return f"train/{inside} and val/{inside}, or {inside}, or {table}, or {loose}"


PICTURES = Kind(IMAGE_SUFFIXES, "picture", "pictures", "*.jpg")
SOUNDS = Kind(AUDIO_SUFFIXES, "sound", "sounds", "*.wav")
VIDEOS = Kind(VIDEO_SUFFIXES, "video", "videos", "*.mp4", same_classes=False)
KINDS: dict[Literal["image_folder", "audio_folder", "video_folder"], Kind] = {
    "image_folder": PICTURES,
    "audio_folder": SOUNDS,
    "video_folder": VIDEOS,
}
"""By the `data=` choice that reads them; what could be of two kinds is of the first."""


@dataclass(frozen=True, order=True)
class LabelledFile:
    """One file of the listing: split, class name (`NO_LABEL`: none), path, and the group of files
    that belong together, empty where it stands alone.
    """

    split: str
    label: str
    path: Path
    group: str = ""


def list_files(folder: Path, kind: Kind) -> list[LabelledFile]:
    """Every file of the kind in the folder, sorted by split, class and path.

    Raises:
        UserError: the folder is empty or laid out in another way (says what was expected, what is
        there, and the fix), or two folders of parts differ in case alone.
    """
    children = visible(folder)
    if not children:
        raise UserError(f"data.path={folder} is empty", f"put {kind.many} there as {kind.layout}")
    _check_kind(folder, kind)
    table = folder / "labels.csv"
    splits: dict[str, Path] = {}
    for child in children:
        name = child.name.lower()
        if child.is_dir() and name in SPLIT_FOLDERS:
            if name in splits:
                raise UserError(
                    f"data.path={folder} has both {splits[name].name}/ and {child.name}/",
                    "put what is in them into one folder",
                )
            splits[name] = child
    required = not splits and not _loose(children, kind)
    listed = _from_table(table, required) if table.is_file() else []
    if listed:
        files = listed
    elif splits:
        if "train" not in splits:
            raise wrong_layout(
                folder,
                kind.layout,
                f"{some(splits.values())} but no train/",
                "rename the training part to train/",
            )
        files = [
            file
            for name, child in splits.items()
            for file in _from_classes(child, SPLIT_FOLDERS[name], folder, kind)
        ]
    else:
        files = _from_classes(folder, "train", folder, kind)
    if kind.same_classes:
        check_classes(files, folder)
    if not listed:
        _name_left_out(files, folder, kind)
    return sorted(files)


def check_classes(files: list[LabelledFile], folder: Path) -> None:
    """Raises UserError where a held-out part has classes that train lacks."""
    known = {file.label for file in files if file.split == "train"}
    for split in ("val", "test"):
        if extra := sorted({file.label for file in files if file.split == split} - known):
            raise wrong_layout(
                folder,
                "the same classes in every part",
                f"{split} has classes that train lacks: {_named(extra)}",
                "add them to train/ or remove them",
            )


def _named(classes: list[str]) -> str:
    return ", ".join(name or "(files without a class)" for name in classes[:5])


def _check_kind(folder: Path, kind: Kind) -> None:
    """Raises UserError where a folder holds files of another kind alone."""
    suffixes = {file.suffix.lower() for file in folder.rglob("*")}
    if suffixes & kind.suffixes:
        return
    for data, other in KINDS.items():
        if suffixes & other.suffixes:
            raise UserError(
                f"data.path={folder} holds {other.many} and no {kind.one}", f"data={data}"
            )


def _name_left_out(files: list[LabelledFile], folder: Path, kind: Kind) -> None:
    """One warning about files of the kind that lie where no layout looks for them."""
    used = {file.path for file in files}
    unused = (path.relative_to(folder) for path in folder.rglob("*") if path not in used)
    left_out = sorted(
        name.as_posix()
        for name in unused
        if name.suffix.lower() in kind.suffixes
        and not any(part.startswith((".", "__")) for part in name.parts)
    )
    if left_out:
        _log.warning(
            "%s: left out %d %s lying elsewhere: %s%s",
            folder,
            len(left_out),
            kind.one if len(left_out) == 1 else kind.many,
            ", ".join(left_out[:5]),
            ", ..." if len(left_out) > 5 else "",
        )


def _loose(children: list[Path], kind: Kind) -> list[Path]:
    return [c for c in children if c.is_file() and c.suffix.lower() in kind.suffixes]


def _from_classes(folder: Path, split: str, root: Path, kind: Kind) -> list[LabelledFile]:
    children = visible(folder)
    classes = [child for child in children if child.is_dir()]
    if not classes:
        if loose := _loose(children, kind):
            return [LabelledFile(split, NO_LABEL, file) for file in loose]
        found = f"{_where(folder, root)} holding {some(children)}"
        raise wrong_layout(root, kind.layout, found, f"put {kind.many} there as {kind.layout}")
    files = []
    for child in classes:
        inside_it = [
            file
            for file in visible(child)
            if file.is_file() and file.suffix.lower() in kind.suffixes
        ]
        if not inside_it:
            inside = {grandchild.name.lower() for grandchild in visible(child)}
            fix = f"remove {_where(child, root)} or put {kind.many} into it"
            if "train" in inside or "labels.csv" in inside:
                fix = f"data.path={child}"
            elif any(grandchild.is_dir() for grandchild in visible(child)):
                fix = f"move the {kind.many} of each class directly into its folder"
            raise wrong_layout(
                root, kind.layout, f"{_where(child, root)} holding {some(visible(child))}", fix
            )
        files += [LabelledFile(split, child.name, file) for file in inside_it]
    return files


def _from_table(table: Path, required: bool) -> list[LabelledFile]:
    """The listing in labels.csv; empty when it has other columns and the folders can speak for
    themselves.
    """
    folder = table.parent
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or []
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as e:
        raise UserError(
            f"{table} cannot be read as UTF-8 text with commas: {e}", "save it as a UTF-8 CSV file"
        ) from e
    if not {"split", "label", "file"} <= set(columns):
        if not required:
            _log.warning("%s lacks some of the columns split,label,file: passed over", table)
        else:
            found = f"the columns {','.join(columns) or '(none)'}"
            raise wrong_layout(
                folder, "labels.csv with the columns split,label,file", found, "rename the columns"
            )
        return []
    heads = {Path(row["file"] or "").parts[:1] for row in rows}
    files = []
    for number, row in enumerate(rows, start=2):
        split, label, file = (row[column] or "" for column in ("split", "label", "file"))
        parts = Path(file).parts
        if split.lower() not in SPLIT_FOLDERS or not label or not parts:
            raise wrong_layout(
                folder,
                "split (train, val or test), label and file",
                f"line {number}: {row}",
                f"correct {table}",
            )
        if Path(file).is_absolute() or ".." in parts:
            raise UserError(
                f"{table} line {number} points outside the folder: {file}",
                "use paths inside the folder",
            )
        # Listings often start with the folder's own name, also after the folder was renamed; with
        # several names left out, one file could be in two lines.
        named = len(heads) == 1 and len(parts) > 1
        inner = folder / Path(*parts[1:]) if named else folder / file
        path = folder / file if (folder / file).exists() or not inner.exists() else inner
        group = row.get("group") or ""
        files.append(LabelledFile(SPLIT_FOLDERS[split.lower()], label, path, group))
    if not any(file.split == "train" for file in files):
        raise wrong_layout(
            folder,
            "lines of the split train in labels.csv",
            f"{len(files)} lines, none of them",
            f"correct {table}",
        )
    _check_groups(files, table)
    return files


def _check_groups(files: list[LabelledFile], table: Path) -> None:
    """Raises UserError for a group in several parts: they are meant to share nothing."""
    parts: dict[str, str] = {}
    for file in files:
        other = parts.setdefault(file.group, file.split)
        if file.group and other != file.split:
            raise UserError(
                f"{table} has the group {file.group!r} in {other} and in {file.split}",
                "give every group to one part, or leave the column group out",
            )


def _where(path: Path, root: Path) -> str:
    return "the folder itself" if path == root else f"{path.relative_to(root).as_posix()}/"
