"""Every layout that is understood; the others with what was expected, found and to be done."""

from pathlib import Path

import pytest

from nsca.data.file_selection import hold_out
from nsca.data.folder_listing import NO_LABEL, PICTURES, SOUNDS, VIDEOS, Kind, list_files
from nsca.data.folders import existing_folder
from nsca.errors import UserError


def put(path: Path, content: bytes = b"never opened by a listing") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def listed(folder: Path) -> list[tuple[str, str, str]]:
    return [
        (file.split, file.label, file.path.relative_to(folder).as_posix())
        for file in list_files(folder, PICTURES)
    ]


@pytest.mark.parametrize("name", ["val", "valid", "validation", "Val"])
def test_parts_with_a_folder_per_class(tmp_path: Path, name: str) -> None:
    for part in ("train", name, "test"):
        put(tmp_path / part / "cat" / "1.jpg")
    put(tmp_path / "train" / "dog" / "2.PNG")
    put(tmp_path / "train" / "dog" / "notes.txt")
    put(tmp_path / "train" / "__MACOSX" / "1.jpg")
    put(tmp_path / ".git" / "1.jpg")
    assert listed(tmp_path) == [
        ("test", "cat", "test/cat/1.jpg"),
        ("train", "cat", "train/cat/1.jpg"),
        ("train", "dog", "train/dog/2.PNG"),
        ("val", "cat", f"{name}/cat/1.jpg"),
    ]


def test_a_folder_per_class_alone_is_all_train(tmp_path: Path) -> None:
    put(tmp_path / "dog" / "2.jpeg")
    put(tmp_path / "cat" / "1.jpg")
    assert listed(tmp_path) == [("train", "cat", "cat/1.jpg"), ("train", "dog", "dog/2.jpeg")]


def test_a_table_goes_before_folders(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    put(root / "train" / "cat" / "1.jpg")
    put(root / "a.jpg")
    for head in ("photos/", ""):
        table = f"\ufefffile,label,note,split\n{head}a.jpg,dog,x,Train\n"
        put(root / "labels.csv", f"{table}{head}train/cat/1.jpg,dog,,VALID\n".encode())
        assert listed(root) == [("train", "dog", "a.jpg"), ("val", "dog", "train/cat/1.jpg")]


def test_a_table_of_two_folders_is_not_taken_for_one_that_was_renamed(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg")
    table = b"split,label,file\ntrain,cat,cats/1.jpg\ntrain,dog,dogs/1.jpg\n"
    put(tmp_path / "labels.csv", table)
    assert listed(tmp_path) == [("train", "cat", "cats/1.jpg"), ("train", "dog", "dogs/1.jpg")]


def test_a_table_may_say_which_files_belong_together_and_never_in_two_parts(tmp_path: Path) -> None:
    put(tmp_path / "1.jpg")
    rows = [
        "split,label,file,group",
        "train,cat,1.jpg,anna",
        "train,dog,2.jpg,",
        "val,cat,3.jpg,bo",
    ]
    put(tmp_path / "labels.csv", "\n".join(rows).encode())
    found = list_files(tmp_path, PICTURES)
    assert [(file.path.name, file.group) for file in found] == [
        ("1.jpg", "anna"), ("2.jpg", ""), ("3.jpg", "bo")
    ]  # fmt: skip
    put(tmp_path / "labels.csv", "\n".join([*rows, "val,dog,4.jpg,anna"]).encode())
    with pytest.raises(UserError, match="the group 'anna' in train and in val"):
        list_files(tmp_path, PICTURES)


def test_files_that_no_layout_looks_for_are_named_once(tmp_path: Path, caplog) -> None:
    for place in ("train/cat", "dev/cat", "train/cat/day1", ".git"):
        put(tmp_path / "parts" / place / "1.jpg")
    put(tmp_path / "parts" / "notes.txt")
    assert listed(tmp_path / "parts") == [("train", "cat", "train/cat/1.jpg")]
    (record,) = caplog.records
    assert "left out 2 pictures" in record.getMessage()
    assert record.getMessage().endswith("dev/cat/1.jpg, train/cat/day1/1.jpg")
    for place in ("jump/1.mp4", "2.mp4"):
        put(tmp_path / "videos" / place)
    assert len(list_files(tmp_path / "videos", VIDEOS)) == 1
    assert "left out 1 video lying elsewhere: 2.mp4" in caplog.text
    put(tmp_path / "parts" / "labels.csv", b"split,label,file\ntrain,cat,train/cat/1.jpg\n")
    list_files(tmp_path / "parts", PICTURES)
    assert len(caplog.records) == 2, "a table chooses"


def test_parts_whose_names_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    for part in ("Train", "train"):
        put(tmp_path / part / "cat" / "1.jpg")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system does not tell them apart")
    with pytest.raises(UserError, match="has both Train/ and train/"):
        list_files(tmp_path, PICTURES)


def test_a_table_of_other_columns_leaves_it_to_the_folders(tmp_path: Path) -> None:
    put(tmp_path / "train" / "cat" / "1.jpg")
    put(tmp_path / "labels.csv", b"name,class\n1.jpg,dog\n")
    assert listed(tmp_path) == [("train", "cat", "train/cat/1.jpg")]


def test_a_file_that_the_table_names_and_nobody_has_stays_in_the_listing(tmp_path: Path) -> None:
    put(tmp_path / "labels.csv", b"split,label,file\ntrain,cat,sub/gone.jpg\n")
    assert listed(tmp_path) == [("train", "cat", "sub/gone.jpg")]


def test_a_table_may_not_point_outside(tmp_path: Path) -> None:
    secret = put(tmp_path / "secret.png")
    for outside in ("../secret.png", "a/../../secret.png", str(secret)):
        put(tmp_path / "photos/labels.csv", f"split,label,file\ntrain,red,{outside}\n".encode())
        with pytest.raises(UserError, match="line 2 points outside the folder"):
            list_files(tmp_path / "photos", PICTURES)


def wrong_trees(root: Path) -> dict[str, tuple[Path, str, str]]:
    """name -> (folder, part of the cause, part of the remedy)"""
    (root / "empty").mkdir()
    put(root / "litter" / ".DS_Store")
    put(root / "archive.tar")
    put(root / "notes.txt")
    put(root / "wrapped" / "photos" / "train" / "a" / "1.jpg")
    put(root / "only_val" / "val" / "a" / "1.jpg")
    put(root / "extra" / "train" / "a" / "1.jpg")
    put(root / "extra" / "val" / "b" / "1.jpg")
    put(root / "deep" / "a" / "day1" / "1.jpg")
    put(root / "hollow" / "train" / "a" / "1.jpg")
    (root / "hollow" / "train" / "b").mkdir()
    put(root / "single" / "a" / "1.jpg")
    put(root / "no_pictures" / "a" / "1.txt")
    put(root / "columns" / "labels.csv", b"name,class\n1.jpg,a\n")
    put(root / "binary" / "labels.csv", b"\xff\xfe\x00split")
    put(root / "split_name" / "labels.csv", b"split,label,file\ntrian,a,1.jpg\n")
    put(root / "no_label" / "labels.csv", b"split,label,file\ntrain,a,1.jpg\ntrain,,2.jpg\n")
    put(root / "no_train" / "labels.csv", b"split,label,file\nval,a,1.jpg\n")
    put(root / "no_lines" / "labels.csv", b"split,label,file\n")
    return {
        "empty": (root / "empty", "is empty", "put pictures there"),
        "litter": (root / "litter", "is empty", "put pictures there"),
        "missing": (root / "photoz", "does not exist", f"{root} exists and holds"),
        "archive": (root / "archive.tar", "is a file", "unpack it first (tar xf archive.tar)"),
        "file": (root / "notes.txt", "is a file", "give a folder"),
        "wrapped": (root / "wrapped", "expected", f"data.path={root / 'wrapped' / 'photos'}"),
        "only_val": (root / "only_val", "no train/", "rename"),
        "extra": (root / "extra", "lacks: b", "add them"),
        "deep": (root / "deep", "day1/", "directly into"),
        "hollow": (root / "hollow", "train/b/ holding nothing", "remove"),
        "single": (root / "single", "class 'a' has one file", "add files"),
        "no_pictures": (root / "no_pictures", "1.txt", "put pictures"),
        "columns": (root / "columns", "name,class", "rename the columns"),
        "binary": (root / "binary", "cannot be read as UTF-8", "save it"),
        "split_name": (root / "split_name", "trian", "correct"),
        "no_label": (root / "no_label", "line 3", "correct"),
        "no_train": (root / "no_train", "1 lines, none of them", "correct"),
        "no_lines": (root / "no_lines", "0 lines, none of them", "correct"),
    }


def test_wrong_layouts_say_what_is_there_and_what_to_do(tmp_path: Path) -> None:
    for name, (folder, cause, remedy) in wrong_trees(tmp_path).items():
        with pytest.raises(UserError) as caught:
            hold_out(list_files(existing_folder(folder, "image_folder"), PICTURES), 0.5, seed=0)
        assert cause in caught.value.cause, name
        assert str(folder) in caught.value.cause or name == "single"
        assert remedy in caught.value.remedy, name
        assert "\n" not in caught.value.cause + caught.value.remedy


@pytest.mark.parametrize("kind", [PICTURES, SOUNDS, VIDEOS], ids=lambda kind: kind.many)
def test_files_in_no_class_have_no_labels(tmp_path: Path, kind: Kind, caplog) -> None:
    suffix = min(kind.suffixes)
    put(tmp_path / "all" / f"1{suffix}")
    put(tmp_path / "all" / "labels.csv", b"file,word\n1,book\n")
    put(tmp_path / "parts" / "train" / f"1{suffix}")
    put(tmp_path / "parts" / "val" / f"2{suffix}")
    (loose,) = list_files(tmp_path / "all", kind)
    assert (loose.split, loose.label) == ("train", NO_LABEL)
    assert "labels.csv lacks some of the columns split,label,file: passed over" in caplog.text
    parts = list_files(tmp_path / "parts", kind)
    assert [(file.split, file.label) for file in parts] == [("train", ""), ("val", "")]


def test_files_in_no_class_are_not_held_out_from_files_in_classes(tmp_path: Path) -> None:
    put(tmp_path / "train" / "cat" / "1.wav")
    put(tmp_path / "val" / "2.wav")
    with pytest.raises(UserError, match=r"train lacks: \(files without a class\)"):
        list_files(tmp_path, SOUNDS)


def test_sounds_are_listed_like_pictures_and_apart_from_them(tmp_path: Path) -> None:
    put(tmp_path / "train" / "cat" / "1.wav")
    put(tmp_path / "train" / "cat" / "2.FLAC")
    put(tmp_path / "train" / "cat" / "1.jpg")
    found = list_files(tmp_path, SOUNDS)
    assert [file.path.name for file in found] == ["1.wav", "2.FLAC"]
    (tmp_path / "train" / "dog").mkdir()
    put(tmp_path / "train" / "dog" / "1.jpg")
    with pytest.raises(
        UserError, match=r"expected train/<class>/\*.wav.*found train/dog/ .*1.jpg"
    ) as e:
        list_files(tmp_path, SOUNDS)
    assert "put sounds into it" in e.value.remedy
