"""Which of the listed files are used, for what, and how the choice is known again."""

import functools
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from nsca.data.folder_listing import NO_LABEL, LabelledFile
from nsca.errors import UserError

COPY = "is also in train, so not held out"


def thin(files: list[LabelledFile], fraction: float, seed: int) -> list[LabelledFile]:
    """A seeded `fraction` of the training files of each class (at least one); other splits
    whole.
    """
    kept = [file for file in files if file.split != "train"]
    for members in _by_class([file for file in files if file.split == "train"]):
        order = np.random.default_rng(seed).permutation(len(members))
        kept += [members[i] for i in order[: max(1, round(fraction * len(members)))]]
    return sorted(kept)


def hold_out(files: list[LabelledFile], share: float, seed: int) -> list[LabelledFile]:
    """Move a seeded share of each class (at least one file, never all) from train to val; of files
    in groups a share of the groups (at least one), whole, but none without which a class has no
    file left.

    Raises:
        UserError: a class of one file; groups of which none can be spared.
    """
    train = [file for file in files if file.split == "train"]
    moved = [file for file in files if file.split != "train"]
    alone = [file for file in train if not file.group]
    for members in _by_class(alone):
        if len(members) < 2 and len(alone) == len(train):
            raise UserError(
                f"{_named(members[0].label)} has one file, so none can be held out",
                "add files to it" + (" or remove the class" if members[0].label else ""),
            )
        order = np.random.default_rng(seed).permutation(len(members))
        count = min(max(1, round(share * len(members))), len(members) - 1)
        held = set(order[:count].tolist())
        moved += [
            replace(file, split="val" if i in held else "train") for i, file in enumerate(members)
        ]
    spared = _groups_to_spare(train, share, seed)
    moved += [
        replace(file, split="val" if file.group in spared else "train")
        for file in train
        if file.group
    ]
    return sorted(moved)


def _groups_to_spare(files: list[LabelledFile], share: float, seed: int) -> set[str]:
    left = Counter(file.label for file in files)
    groups: dict[str, Counter[str]] = {}
    for file in files:
        if file.group:
            groups.setdefault(file.group, Counter())[file.label] += 1
    names, spared = sorted(groups), set[str]()
    for place in np.random.default_rng(seed).permutation(len(names)):
        own = groups[names[place]]
        if len(spared) < max(1, round(share * len(names))) and all(
            left[label] > count for label, count in own.items()
        ):
            left -= own
            spared.add(names[place])
    if names and not spared:
        raise UserError(
            f"without any of the groups {', '.join(names[:5])} a class has no file left, so none "
            "can be held out",
            "add files of other groups, or leave the column group out",
        )
    return spared


def every_class_in_both_parts(files: list[LabelledFile]) -> bool:
    """Whether each held-out class is one of train, or will be: without a val part, whether each
    class has a file to hold out, or a group of them.
    """
    train = {(file.label, file.group or file.path) for file in files if file.split == "train"}
    counts = Counter(label for label, _ in train)
    held_out = {file.label for file in files if file.split != "train"}
    if any(file.split == "val" for file in files):
        return held_out <= counts.keys()
    return held_out <= counts.keys() and min(counts.values(), default=0) > 1


def without_labels(files: list[LabelledFile]) -> list[LabelledFile]:
    """The same files, in no class."""
    return sorted(replace(file, label=NO_LABEL) for file in files)


def file_length(path: Path) -> int:
    """Bytes of a file; -1 where there is none."""
    return path.stat().st_size if path.is_file() else -1


def file_digest(path: Path) -> str:
    """sha256 hex of what is in a file; empty where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def fingerprint_of(
    files: list[tuple[str, str, Path]],
    folder: Path,
    *sizes: float,
    digest: Callable[[Path], str] = file_digest,
) -> str:
    """sha256 hex over (split, class, path relative to the folder, sha256 of the content) and the
    sizes that are read (pixels, seconds).

    Content and not length or time: a file that is changed in place often keeps its length, and a
    copy has other times. Whoever learns from the files reads them all anyway.
    """
    whole = hashlib.sha256(f"{' '.join(map(str, sizes))}\n".encode())
    for split, label, path in files:
        whole.update(
            f"{split}\t{label}\t{path.relative_to(folder).as_posix()}\t{digest(path)}\n".encode()
        )
    return whole.hexdigest()


def same_bytes(
    candidates: list[Path],
    reference: list[Path],
    length: Callable[[Path], int] = file_length,
    digest: Callable[[Path], str] = file_digest,
) -> set[Path]:
    """Candidates whose bytes equal those of a reference file. Only files of equal length are
    read; one that cannot be (its digest is empty) is no copy.
    """
    by_length: dict[int, list[Path]] = {}
    for path in reference:
        by_length.setdefault(length(path), []).append(path)
    once = functools.cache(digest)
    return {
        path
        for path in candidates
        if length(path) > 0
        and any(once(path) == once(other) != "" for other in by_length.get(length(path), []))
    }


def _named(label: str) -> str:
    return "the folder" if label == NO_LABEL else f"class {label!r}"


def _by_class(files: list[LabelledFile]) -> list[list[LabelledFile]]:
    groups: dict[str, list[LabelledFile]] = {}
    for file in sorted(files):
        groups.setdefault(file.label, []).append(file)
    return list(groups.values())
