"""Reads how a folder of pictures is laid out, and says what was expected, what is there and the fix
where it is not.

Three layouts are understood, looked for in this order:

    labels.csv                                   columns split,label,file; files relative to the
                                                 folder, or starting with its name
    train/<class>/*.jpg and val/<class>/*.jpg    also `valid`, `validation`; `test` if there is one
    <class>/*.jpg                                everything is train; the reader holds a part out
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nsca.data.media import IMAGE_SUFFIXES
from nsca.errors import UserError

LAYOUT = (
    "train/<class>/*.jpg and val/<class>/*.jpg, or <class>/*.jpg, or labels.csv (split,label,file)"
)
SPLIT_FOLDERS = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


@dataclass(frozen=True, order=True)
class LabelledFile:
    """One picture of the listing: split, class name and path."""

    split: str
    label: str
    path: Path


def existing_folder(path: str | Path | None, data: str) -> Path:
    """The folder as a path.

    Raises:
        UserError: no path given, nothing there, or a file.
    """
    if not path:
        raise UserError(f"data={data} needs a folder", "data.path=/where/the/pictures/are")
    folder = Path(path).expanduser()
    if folder.is_file():
        unpack = (
            f"unpack it first (tar xf {folder.name})"
            if ".tar" in folder.name or folder.suffix == ".zip"
            else "give a folder"
        )
        raise UserError(f"data.path={folder} is a file, not a folder", unpack)
    if not folder.is_dir():
        there = next(
            parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.is_dir()
        )
        raise UserError(
            f"data.path={folder} does not exist",
            f"check the spelling; {there} exists and holds {some(visible(there))}",
        )
    return folder


def check_ranges(image_size: int, fraction: float, max_broken: float) -> None:
    """Raises UserError for a number that no folder could be loaded with."""
    if image_size < 8:
        raise UserError(f"data.image_size={image_size} is too small", "data.image_size=64")
    if not 0 < fraction <= 1:
        raise UserError(f"data.fraction={fraction} is not in (0, 1]", "data.fraction=0.1")
    if not 0 <= max_broken <= 1:
        raise UserError(f"data.max_broken={max_broken} is not in [0, 1]", "data.max_broken=0.01")


def list_images(folder: Path) -> list[LabelledFile]:
    """Every picture of the folder, sorted by split, class and path.

    Raises:
        UserError: the folder is empty or laid out in another way (says what was expected, what is
        there, and the fix).
    """
    children = visible(folder)
    if not children:
        raise UserError(f"data.path={folder} is empty", f"put pictures there as {LAYOUT}")
    table = folder / "labels.csv"
    splits = {
        child.name.lower(): child
        for child in children
        if child.is_dir() and child.name.lower() in SPLIT_FOLDERS
    }
    if table.is_file() and (listed := _from_table(table, required=not splits)):
        files = listed
    elif splits:
        if "train" not in splits:
            raise wrong_layout(
                folder,
                LAYOUT,
                f"{some(splits.values())} but no train/",
                "rename the training part to train/",
            )
        files = [
            file
            for name, child in splits.items()
            for file in _from_classes(child, SPLIT_FOLDERS[name], folder)
        ]
    else:
        files = _from_classes(folder, "train", folder)
    known = {file.label for file in files if file.split == "train"}
    for split in ("val", "test"):
        if extra := sorted({file.label for file in files if file.split == split} - known):
            raise wrong_layout(
                folder,
                "the same classes in every part",
                f"{split} has classes that train lacks: {', '.join(extra[:5])}",
                "add them to train/ or remove them",
            )
    return sorted(files)


def thin(files: list[LabelledFile], fraction: float, seed: int) -> list[LabelledFile]:
    """A seeded `fraction` of the training files of each class (at least one); other splits
    whole.
    """
    kept = [file for file in files if file.split != "train"]
    for members in _by_class([file for file in files if file.split == "train"]):
        order = np.random.default_rng(seed).permutation(len(members))
        kept += [members[i] for i in order[: max(1, round(fraction * len(members)))]]
    return sorted(kept)


def fingerprint_of(files: list[tuple[str, str, Path]], folder: Path, image_size: int) -> str:
    """sha256 hex over (split, class, path relative to the folder, size in bytes); a missing file
    counts as size -1.
    """
    digest = hashlib.sha256(f"{image_size}\n".encode())
    for split, label, path in files:
        length = path.stat().st_size if path.is_file() else -1
        digest.update(
            f"{split}\t{label}\t{path.relative_to(folder).as_posix()}\t{length}\n".encode()
        )
    return digest.hexdigest()


def same_bytes(candidates: list[Path], reference: list[Path]) -> set[Path]:
    """Candidates whose bytes equal those of a reference file. Only files of equal length are
    read.
    """

    def length(path: Path) -> int:
        return path.stat().st_size if path.is_file() else -1

    by_length: dict[int, list[Path]] = {}
    for path in reference:
        by_length.setdefault(length(path), []).append(path)
    digests: dict[Path, bytes] = {}

    def digest(path: Path) -> bytes:
        if path not in digests:
            digests[path] = hashlib.sha256(path.read_bytes()).digest()
        return digests[path]

    return {
        path
        for path in candidates
        if length(path) > 0
        and any(digest(path) == digest(other) for other in by_length.get(length(path), []))
    }


def wrong_layout(folder: Path, expected: str, found: str, fix: str) -> UserError:
    """The one form in which a wrong layout is reported."""
    return UserError(f"data.path={folder}: expected {expected}; found {found}", fix)


def _from_classes(folder: Path, split: str, root: Path) -> list[LabelledFile]:
    children = visible(folder)
    classes = [child for child in children if child.is_dir()]
    if not classes:
        loose = [child for child in children if child.suffix.lower() in IMAGE_SUFFIXES]
        fix = (
            "sort the pictures into one folder per class"
            if loose
            else f"put pictures there as {LAYOUT}"
        )
        raise wrong_layout(root, LAYOUT, f"{_where(folder, root)} holding {some(children)}", fix)
    files = []
    for child in classes:
        pictures = [
            file
            for file in visible(child)
            if file.is_file() and file.suffix.lower() in IMAGE_SUFFIXES
        ]
        if not pictures:
            inside = {grandchild.name.lower() for grandchild in visible(child)}
            fix = f"remove {_where(child, root)} or put pictures into it"
            if "train" in inside or "labels.csv" in inside:
                fix = f"data.path={child}"
            elif any(grandchild.is_dir() for grandchild in visible(child)):
                fix = "move the pictures of each class directly into its folder"
            raise wrong_layout(
                root, LAYOUT, f"{_where(child, root)} holding {some(visible(child))}", fix
            )
        files += [LabelledFile(split, child.name, picture) for picture in pictures]
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
        if required:
            found = f"the columns {','.join(columns) or '(none)'}"
            raise wrong_layout(
                folder, "labels.csv with the columns split,label,file", found, "rename the columns"
            )
        return []
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
        # Listings often start with the folder's own name, also after the folder was renamed.
        inner = folder / Path(*parts[1:]) if len(parts) > 1 else folder / file
        path = folder / file if (folder / file).exists() or not inner.exists() else inner
        files.append(LabelledFile(SPLIT_FOLDERS[split.lower()], label, path))
    if not any(file.split == "train" for file in files):
        raise wrong_layout(
            folder,
            "lines of the split train in labels.csv",
            f"{len(files)} lines, none of them",
            f"correct {table}",
        )
    return files


def hold_out(files: list[LabelledFile], share: float, seed: int) -> list[LabelledFile]:
    """Move a seeded share of each class (at least one picture, never all) from train to val."""
    moved = [file for file in files if file.split != "train"]
    for members in _by_class([file for file in files if file.split == "train"]):
        if len(members) < 2:
            raise UserError(
                f"class {members[0].label!r} has one picture, so none can be held out",
                "add pictures to it or remove the class",
            )
        order = np.random.default_rng(seed).permutation(len(members))
        count = min(max(1, round(share * len(members))), len(members) - 1)
        held = set(order[:count].tolist())
        moved += [
            LabelledFile("val" if i in held else "train", file.label, file.path)
            for i, file in enumerate(members)
        ]
    return sorted(moved)


def _by_class(files: list[LabelledFile]) -> list[list[LabelledFile]]:
    groups: dict[str, list[LabelledFile]] = {}
    for file in sorted(files):
        groups.setdefault(file.label, []).append(file)
    return list(groups.values())


def visible(folder: Path) -> list[Path]:
    """Children without those that systems and archivers leave behind (.DS_Store, __MACOSX)."""
    return sorted(child for child in folder.iterdir() if not child.name.startswith((".", "__")))


def _where(path: Path, root: Path) -> str:
    return "the folder itself" if path == root else f"{path.relative_to(root).as_posix()}/"


def some(paths: Iterable[Path]) -> str:
    """The first five names, folders with a slash, and how many more."""
    names = [f"{p.name}/" if p.is_dir() else p.name for p in paths]
    if not names:
        return "nothing"
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
