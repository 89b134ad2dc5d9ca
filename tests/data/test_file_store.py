"""A folder as a store: what is listed, how long it is and what is in it."""

import hashlib
from pathlib import Path

import pytest

from nsca.data.file_store import FolderStore, Store
from nsca.data.folder_listing import PICTURES
from nsca.data.media import BrokenFileError


def test_files_of_a_folder(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / "cat").mkdir(exist_ok=True)
        (tmp_path / "cat" / name).write_bytes(name.encode())
    store = FolderStore(tmp_path, PICTURES)
    assert isinstance(store, Store)
    paths = [file.path for file in store.files()]
    assert [path.name for path in paths] == ["a.png", "b.png"]
    assert [store.content(path) for path in paths] == [b"a.png", b"b.png"]
    assert [store.length(path) for path in (paths[0], tmp_path / "gone")] == [5, -1]
    digests = [store.digest(path) for path in (*paths, tmp_path / "gone", tmp_path)]
    assert digests == [*(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths), "", ""]
    assert store.example("val") == "val/<class>/*.jpg"
    with pytest.raises(BrokenFileError, match="No such file"):
        store.content(tmp_path / "gone")
