"""What every kind of labelled file shares: parts, copies, broken files, reading once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nsca.data.folder_listing import Kind
from nsca.data.labelled_folder import LabelledFolder
from nsca.data.media import BrokenFileError
from nsca.errors import UserError


class Numbers(LabelledFolder):
    """Text files that hold numbers, a row each."""

    name = "numbers"
    kind = Kind(frozenset({".txt"}), "number", "numbers", "*.txt")
    times_read = 0

    def read(
        self, paths: Sequence[Path], what: str
    ) -> tuple[np.ndarray, list[int], list[BrokenFileError]]:
        self.times_read += 1
        rows = [(n, float(word)) for n, p in enumerate(paths) for word in p.read_text().split()]
        return np.array([row for _, row in rows]), [n for n, _ in rows], []

    def check(self, path: Path) -> None:
        if not path.read_text().strip():
            raise BrokenFileError(path, "is empty")


def folder(root: Path, **changes: object) -> Numbers:
    settings = {"val_fraction": 0.5, "seed": 0, "fraction": 1.0, "max_broken": 0.0, "sizes": (1.0,)}
    return Numbers(root, **{**settings, **changes})


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def numbers(tmp_path: Path) -> Path:
    put(tmp_path / "train" / "even" / "a.txt", "2 4")
    put(tmp_path / "train" / "odd" / "b.txt", "3")
    put(tmp_path / "val" / "odd" / "c.txt", "5 7 9")
    put(tmp_path / "val" / "even" / "copy.txt", "2 4")
    return tmp_path


def test_rows_have_their_files_class_and_number(numbers):
    source = folder(numbers)
    rows, codes, files = source.load("train")
    assert rows.tolist() == [2.0, 4.0, 3.0]
    assert [source.classes[code] for code in codes] == ["even", "even", "odd"]
    assert files.tolist() == [0, 0, 1]
    assert source.label("train")["label"].group.tolist() == [0, 0, 1]


def test_files_of_a_group_belong_together_and_change_the_fingerprint(numbers):
    before = folder(numbers).fingerprint()
    table = "split,label,file\ntrain,even,train/even/a.txt\ntrain,odd,train/odd/b.txt\n"
    put(numbers / "labels.csv", table + "val,odd,val/odd/c.txt\nval,even,val/even/copy.txt\n")
    alone = folder(numbers)
    assert alone.fingerprint() == before
    both = (numbers / "labels.csv").read_text().splitlines()
    both.insert(3, "train,odd,train/odd/d.txt")
    put(numbers / "train/odd/d.txt", "11")
    groups = ["group", "anna", "anna", "chi", "bo", "bo"]
    lines = [f"{row},{group}" for row, group in zip(both, groups, strict=True)]
    put(numbers / "labels.csv", "\n".join(lines))
    together = folder(numbers)
    assert together.label("train")["label"].group.tolist() == [0, 0, 0, 1]
    assert together.fingerprint() != before
    put(numbers / "labels.csv", "\n".join(lines).replace("chi", "anna"))
    one_alone = folder(numbers).label("train")["label"].group
    assert one_alone.tolist() == [0, 0, 1, 2], "nothing could be held out of one group"


def test_copies_of_training_files_are_not_held_out(numbers, caplog):
    rows, _, _ = folder(numbers).load("val")
    assert rows.tolist() == [5.0, 7.0, 9.0]
    assert "left out 1 val numbers that are also in train: copy.txt" in caplog.text
    (numbers / "val" / "odd" / "c.txt").write_text("3")
    with pytest.raises(UserError, match=r"every val number of .* is also in train"):
        folder(numbers).load("val")


def test_files_in_no_class_are_held_out_and_not_probed(tmp_path, capsys):
    for name in "abcd":
        put(tmp_path / f"{name}.txt", str(ord(name)))
    source = folder(tmp_path)
    assert not source.labelled
    assert (len(source.load("train")[0]), len(source.load("val")[0])) == (2, 2)
    assert source.label("val") == {}
    assert f"{tmp_path}: numbers without labels, so nothing is probed" in capsys.readouterr().err


def test_an_absent_part_is_named(numbers):
    with pytest.raises(UserError, match=r"no test part.*test/<class>/\*.txt"):
        folder(numbers).load("test")


def test_files_are_read_once(numbers):
    source = folder(numbers)
    assert source.load("train")[0] is source.load("train")[0]
    assert source.times_read == 1


def test_the_fingerprint_follows_files_and_size(numbers):
    first = folder(numbers).fingerprint()
    assert folder(numbers).fingerprint() == first
    assert folder(numbers, sizes=(2.0,)).fingerprint() != first
    put(numbers / "train" / "odd" / "d.txt", "11")
    more = folder(numbers).fingerprint()
    put(numbers / "train" / "odd" / "d.txt", "13")
    assert len({first, more, folder(numbers).fingerprint()}) == 3


@pytest.mark.parametrize(
    "wrong", [{"val_fraction": 0.0}, {"val_fraction": 1.0}, {"fraction": 0.0}, {"max_broken": 2.0}]
)
def test_impossible_shares_are_refused(numbers, wrong):
    (name,) = wrong
    with pytest.raises(UserError, match=f"data.{name}"):
        folder(numbers, **wrong)


def test_every_broken_file_and_every_copy_is_named(numbers):
    copy = "copy.txt: is also in train, so not held out"
    assert [line.rpartition("/")[2] for line in folder(numbers).problems()] == [copy]
    for part in ("train/odd/b.txt", "val/odd/c.txt"):
        (numbers / part).write_text(" ")
    assert [line.rpartition("/")[2] for line in folder(numbers).problems()] == [
        "b.txt: is empty",
        "c.txt: is empty",
        copy,
    ]


def test_equal_files_of_a_folder_without_parts_are_no_problem(tmp_path):
    """Which of them is held out is drawn; the reader leaves out those whose equal is in train."""
    for name in "abcd":
        put(tmp_path / f"{name}.txt", "1")
    assert folder(tmp_path).problems() == []
