import os
from pathlib import Path

import pytest

from nsca.data.file_selection import (
    every_class_in_both_parts,
    file_digest,
    fingerprint_of,
    hold_out,
    same_bytes,
    thin,
)
from nsca.data.folder_listing import LabelledFile
from nsca.errors import UserError


def put(path: Path, content: bytes = b"never opened by a listing") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def many(train: int = 8, val: int = 3) -> list[LabelledFile]:
    return [
        LabelledFile(split, label, Path(split, label, f"{number}.png"))
        for split, count in (("train", train), ("val", val))
        for label in ("cat", "dog")
        for number in range(count)
    ]


def test_thinning_takes_a_seeded_share_of_each_training_class() -> None:
    half = thin(many(), 0.5, seed=0)
    count = [(f.split, f.label) for f in half].count
    assert [count(("train", label)) for label in ("cat", "dog")] == [4, 4]
    assert [count(("val", label)) for label in ("cat", "dog")] == [3, 3]
    assert half == thin(list(reversed(many())), 0.5, seed=0)
    assert half != thin(many(), 0.5, seed=1)
    assert thin(many(), 1.0, seed=0) == sorted(many())
    least = thin(many(), 0.001, seed=0)
    assert [(f.split, f.label) for f in least].count(("train", "cat")) == 1


@pytest.mark.parametrize(("share", "held"), [(0.25, 2), (0.01, 1), (0.99, 7)])
def test_holding_out_moves_some_of_each_class_and_never_all(share: float, held: int) -> None:
    files = many(train=8, val=0)
    split = hold_out(files, share, seed=0)
    assert {file.path for file in split} == {file.path for file in files}
    for label in ("cat", "dog"):
        assert [f.split for f in split if f.label == label].count("val") == held
    assert split == hold_out(list(reversed(files)), share, seed=0)


def grouped(groups: dict[str, str]) -> list[LabelledFile]:
    """Two files of a class in each group."""
    return [
        LabelledFile("train", label, Path(f"{group}{number}.png"), group)
        for group, labels in groups.items()
        for label in labels.split()
        for number in range(2)
    ]


def test_groups_are_held_out_whole() -> None:
    files = grouped({"anna": "cat dog", "bo": "cat dog", "chi": "cat dog", "dan": "cat dog"})
    for share, count in ((0.25, 1), (0.5, 2), (0.01, 1), (0.99, 3)):
        split = hold_out(files, share, seed=0)
        parts = {(file.group, file.split) for file in split}
        assert len(parts) == 4
        assert [part for _, part in parts].count("val") == count
    assert hold_out(files, 0.25, seed=0) != hold_out(files, 0.25, seed=3)


def test_no_group_is_held_out_that_has_a_class_for_itself() -> None:
    files = grouped({"anna": "cat dog", "bo": "cat", "chi": "cat"})
    for seed in range(6):
        held = {file.group for file in hold_out(files, 0.9, seed) if file.split == "val"}
        assert held == {"bo", "chi"}


def test_files_without_a_group_are_held_out_class_by_class_beside_groups() -> None:
    files = [*many(train=8, val=0), *grouped({"anna": "cat dog", "bo": "cat dog"})]
    held = [file for file in hold_out(files, 0.25, seed=0) if file.split == "val"]
    assert [file.label for file in held if not file.group].count("cat") == 2
    assert [file.label for file in held if not file.group].count("dog") == 2
    assert len({file.group for file in held if file.group}) == 1


@pytest.mark.parametrize("groups", [{"anna": "cat dog"}, {"anna": "cat", "bo": "dog"}])
def test_groups_none_of_which_can_be_spared_are_refused(groups) -> None:
    with pytest.raises(UserError, match=r"without any of the groups anna.* a class has no file"):
        hold_out(grouped(groups), 0.5, seed=0)
    assert not every_class_in_both_parts(grouped(groups))


def test_the_fingerprint_follows_names_parts_content_and_not_the_place(tmp_path: Path) -> None:
    def fingerprint(root: Path, split: str = "train", size: int = 64) -> str:
        return fingerprint_of([(split, "cat", root / "1.jpg")], root, size)

    put(tmp_path / "here" / "1.jpg", b"12345")
    os.utime(put(tmp_path / "there" / "1.jpg", b"12345"), (0, 0))
    first = fingerprint(tmp_path / "here")
    assert fingerprint(tmp_path / "there") == first
    assert fingerprint(tmp_path / "here", split="val") != first
    assert fingerprint(tmp_path / "here", size=32) != first
    put(tmp_path / "here" / "1.jpg", b"54321")
    changed = fingerprint(tmp_path / "here")
    (tmp_path / "here" / "1.jpg").unlink()
    assert len({first, changed, fingerprint(tmp_path / "here")}) == 3, "of equal length"


def test_copies_are_found_by_content_and_empty_files_are_none(tmp_path: Path) -> None:
    names = {"a": b"12345", "b": b"54321", "copy": b"12345", "empty": b"", "void": b""}
    path = {name: put(tmp_path / name, content) for name, content in names.items()}
    candidates = [path["copy"], path["b"], path["void"], tmp_path / "missing"]
    assert same_bytes(candidates, [path["a"], path["empty"], tmp_path / "gone"]) == {path["copy"]}


def test_a_file_that_cannot_be_read_is_no_copy(tmp_path: Path) -> None:
    path = {name: put(tmp_path / name, b"12345") for name in ("train", "copy", "bad", "worse")}

    def digest(asked: Path) -> str:
        return "" if asked in (path["bad"], path["worse"]) else file_digest(asked)

    candidates, reference = [path["copy"], path["bad"]], [path["worse"], path["train"]]
    assert same_bytes(candidates, reference, digest=digest) == {path["copy"]}
