from pathlib import Path

import pytest

from nsca.data.folders import check_ranges, existing_folder, some
from nsca.errors import UserError


@pytest.mark.parametrize("path", [None, ""])
def test_no_path_at_all_asks_for_one(path: str | None) -> None:
    with pytest.raises(UserError, match="data=image_folder needs a folder") as caught:
        existing_folder(path, "image_folder")
    assert "data.path=" in caught.value.remedy


def test_a_home_directory_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "photos").mkdir()
    assert existing_folder("~/photos", "image_folder") == tmp_path / "photos"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((7, 1.0, 0.0), "image_size=7"),
        ((64, 0.0, 0.0), "fraction=0.0"),
        ((64, 1.1, 0.0), "fraction=1.1"),
        ((64, float("nan"), 0.0), "fraction=nan"),
        ((64, 1.0, -0.1), "max_broken=-0.1"),
        ((64, 1.0, 1.1), "max_broken=1.1"),
    ],
)
def test_numbers_out_of_range_are_named(numbers: tuple, said: str) -> None:
    check_ranges(8, 1.0, 1.0)
    with pytest.raises(UserError, match=f"data.{said}"):
        check_ranges(*numbers)


def test_long_lists_are_cut_short(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    assert some([]) == "nothing"
    assert some([tmp_path / "sub", tmp_path / "file"]) == "sub/, file"
    assert some(Path(str(n)) for n in range(7)) == "0, 1, 2, 3, 4 and 2 more"
