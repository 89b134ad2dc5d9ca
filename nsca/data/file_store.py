"""Where labelled files are and what is in them: a folder, or what can be read like one."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from nsca.data.file_selection import file_digest, file_length
from nsca.data.folder_listing import Kind, LabelledFile, list_files
from nsca.data.media import file_bytes


@runtime_checkable
class Store(Protocol):
    """Where labelled files are: a folder, or the rows of tables in it.

    Attributes:
        path: of the folder.
    """

    path: Path

    def files(self) -> list[LabelledFile]:
        """Return every file, sorted. Raises UserError where there is none or no sense in them."""
        ...

    def length(self, path: Path) -> int:
        """Return how many bytes a file has; -1 where it has none."""
        ...

    def digest(self, path: Path) -> str:
        """Return the sha256 (hex) of its bytes; empty where it has none."""
        ...

    def content(self, path: Path) -> bytes:
        """Return them. Raises BrokenFileError where there are none."""
        ...

    def example(self, split: str) -> str:
        """Return what files of a part are called there, for messages."""
        ...


class FolderStore:
    """Files that are files.

    Args:
        path: of the folder.
        kind: of the files.
    """

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path = path
        self._kind = kind

    def files(self) -> list[LabelledFile]:
        """See `list_files`."""
        return list_files(self.path, self._kind)

    def length(self, path: Path) -> int:
        """See `Store`."""
        return file_length(path)

    def digest(self, path: Path) -> str:
        """See `Store`."""
        return file_digest(path)

    def content(self, path: Path) -> bytes:
        """See `Store`."""
        return file_bytes(path)

    def example(self, split: str) -> str:
        """See `Store`."""
        return f"{split}/<class>/{self._kind.example}"
