from collections.abc import Callable
from pathlib import Path

import pytest

from nsca.data.folders import (
    check_image_size,
    check_seconds,
    check_share_ranges,
    existing_folder,
    some,
)
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
    ("check", "numbers", "said"),
    [
        (check_image_size, (7,), "image_size=7"),
        (check_seconds, (0.05,), "seconds=0.05"),
        (check_share_ranges, (0.0, 0.0), "fraction=0.0"),
        (check_share_ranges, (1.1, 0.0), "fraction=1.1"),
        (check_share_ranges, (float("nan"), 0.0), "fraction=nan"),
        (check_share_ranges, (1.0, -0.1), "max_broken=-0.1"),
        (check_share_ranges, (1.0, 1.1), "max_broken=1.1"),
    ],
)
def test_numbers_out_of_range_are_named(
    check: Callable[..., None], numbers: tuple, said: str
) -> None:
    with pytest.raises(UserError, match=f"data.{said}"):
        check(*numbers)


def test_numbers_at_the_edge_of_their_range_are_taken() -> None:
    check_image_size(8)
    check_seconds(0.1)
    check_share_ranges(1.0, 1.0)


def test_long_lists_are_cut_short(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    assert some([]) == "nothing"
    assert some([tmp_path / "sub", tmp_path / "file"]) == "sub/, file"
    assert some(Path(str(n)) for n in range(7)) == "0, 1, 2, 3, 4 and 2 more"
