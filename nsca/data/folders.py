"""What every reader of a folder asks first: is it there, can its settings be, what is in it."""

from collections.abc import Iterable
from pathlib import Path

from nsca.errors import UserError

SHORTEST_S = 0.1  # ten frames of a spectrogram


def existing_folder(path: str | Path | None, data: str) -> Path:
    """The folder as a path.

    Raises:
        UserError: no path given, nothing there, or a file.
    """
    if not path:
        raise UserError(f"data={data} needs a folder", "data.path=/where/the/files/are")
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


def check_image_size(image_size: int) -> None:
    """Raises UserError for a size that no picture could be read at."""
    if image_size < 8:
        raise UserError(f"data.image_size={image_size} is too small", "data.image_size=64")


def check_seconds(seconds: float) -> None:
    """Raises UserError for pieces of sound too short to hear anything in."""
    if seconds < SHORTEST_S:
        raise UserError(f"data.seconds={seconds} is too short", f"choose {SHORTEST_S} or more")


def check_share_ranges(fraction: float, max_broken: float) -> None:
    """Raises UserError for a share that no folder could be loaded with."""
    if not 0 < fraction <= 1:
        raise UserError(f"data.fraction={fraction} is not in (0, 1]", "data.fraction=0.1")
    if not 0 <= max_broken <= 1:
        raise UserError(f"data.max_broken={max_broken} is not in [0, 1]", "data.max_broken=0.01")


def wrong_layout(folder: Path, expected: str, found: str, fix: str) -> UserError:
    """The one form in which a wrong layout is reported."""
    return UserError(f"data.path={folder}: expected {expected}; found {found}", fix)


def visible(folder: Path) -> list[Path]:
    """Children without those that systems and archivers leave behind (.DS_Store, __MACOSX)."""
    return sorted(child for child in folder.iterdir() if not child.name.startswith((".", "__")))


def some(paths: Iterable[Path]) -> str:
    """The first five names, folders with a slash, and how many more."""
    names = [f"{p.name}/" if p.is_dir() else p.name for p in paths]
    if not names:
        return "nothing"
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
