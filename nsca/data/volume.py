"""The place that a data set is written to: is there room, may we write, is somebody else at it?"""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nsca.errors import UserError


def require_space(root: Path, needed: int) -> None:
    """Raises UserError if the volume of `root` has fewer than `needed` bytes free."""
    free = shutil.disk_usage(root).free
    if needed > free:
        raise UserError(
            f"the set needs about {needed / 1e6:,.0f} MB and {volume_of(root)} has "
            f"{free / 1e6:,.0f} MB",
            "free space, choose path= on another volume, or fewer interactions=",
        )


def volume_of(path: Path) -> str:
    """The mount point that holds a path."""
    place = path.resolve()
    while not os.path.ismount(place):
        place = place.parent
    return f"volume {place}"


@contextmanager
def friendly_disk_errors(root: Path, option: str = "path=") -> Iterator[None]:
    """Turns what a file system says into a cause and a remedy; nothing already written is lost.

    `option` is what the command calls the place.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        place = next((p for p in (root, *root.parents) if p.is_dir()), Path("/"))
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(place).free / 1e6
            raise UserError(
                f"{volume_of(place)} is full ({free:.1f} MB free) while writing {root}; "
                "what was finished is kept",
                "free space and run the same command again: it continues",
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise UserError(
                f"{root} on {volume_of(place)} cannot be written ({error.strerror})",
                f"choose {option} in a folder that you may write to",
            ) from error
        if error.errno in (errno.EEXIST, errno.ENOTDIR):
            raise UserError(f"{root} is not a folder", f"choose another {option}") from error
        raise


@contextmanager
def exclusive(root: Path, option: str = "path=") -> Iterator[None]:
    """Holds the set's lock: one writer at a time."""
    with (root / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"another process is writing {root}", f"wait for it, or choose another {option}"
            ) from error
        yield
