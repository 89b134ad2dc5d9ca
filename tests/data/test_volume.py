"""Full, read-only or taken: what a place to write to can be, said with its name and numbers."""

import errno
import os
import types
from pathlib import Path

import pytest

from nsca.data.volume import exclusive, friendly_disk_errors, require_space, volume_of
from nsca.errors import UserError


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A volume of its own, with 250 MB free."""
    usage = types.SimpleNamespace(total=10**9, used=75 * 10**7, free=250 * 10**6)
    monkeypatch.setattr("nsca.data.volume.shutil.disk_usage", lambda _: usage)
    monkeypatch.setattr(os.path, "ismount", lambda place: Path(place) in (tmp_path, Path("/")))
    return tmp_path


def test_too_little_space_names_volume_needed_and_free(mounted: Path) -> None:
    require_space(mounted, 250 * 10**6)  # just enough
    with pytest.raises(UserError) as failure:
        require_space(mounted / "sets" / "babbling", 1_250_000_000)
    assert failure.value.cause == (f"the set needs about 1,250 MB and volume {mounted} has 250 MB")
    assert "interactions=" in failure.value.remedy


def test_the_volume_is_the_nearest_mount_above_and_links_are_followed(
    mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = mounted / "disk"
    (inner / "deep").mkdir(parents=True)
    (mounted / "link").symlink_to(inner / "deep")
    mounts = (Path("/"), mounted, inner)
    monkeypatch.setattr(os.path, "ismount", lambda place: Path(place) in mounts)
    assert volume_of(mounted / "not" / "there" / "yet") == f"volume {mounted}"
    assert volume_of(inner / "deep") == f"volume {inner}"
    assert volume_of(mounted / "link" / "set") == f"volume {inner}"
    assert volume_of(Path("/")) == "volume /"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_names_volume_and_free(mounted: Path, number: int) -> None:
    with pytest.raises(UserError) as failure, friendly_disk_errors(mounted / "set"):
        raise OSError(number, os.strerror(number))
    assert f"volume {mounted} is full (250.0 MB free)" in failure.value.cause
    assert str(mounted / "set") in failure.value.cause
    assert "run the same command again" in failure.value.remedy
    assert isinstance(failure.value.__cause__, OSError)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_place_that_may_not_be_written_says_why(mounted: Path, number: int) -> None:
    with pytest.raises(UserError) as failure, friendly_disk_errors(mounted / "set"):
        raise OSError(number, os.strerror(number))
    assert f"{mounted / 'set'} on volume {mounted} cannot be written" in failure.value.cause
    assert os.strerror(number) in failure.value.cause
    assert "path=" in failure.value.remedy


@pytest.mark.parametrize("inside", ["", "deeper/set"])
def test_a_file_in_the_way_is_no_folder(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_text("years of work")
    place = tmp_path / "file" / inside
    with pytest.raises(UserError, match=f"{place} is not a folder"), friendly_disk_errors(place):
        pytest.fail("nothing can be made there")
    assert (tmp_path / "file").read_text() == "years of work"


def test_a_new_place_is_made_and_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    place = tmp_path / "new" / "set"
    with friendly_disk_errors(place):
        assert place.is_dir()
    with pytest.raises(OSError, match="Input/output error"), friendly_disk_errors(place):
        raise OSError(errno.EIO, "Input/output error")
    with pytest.raises(ValueError, match="unrelated"), friendly_disk_errors(place):
        raise ValueError("unrelated")


def test_one_writer_at_a_time_and_the_next_when_it_has_gone(tmp_path: Path) -> None:
    with exclusive(tmp_path):
        with pytest.raises(UserError, match=f"another process is writing {tmp_path}"):
            exclusive(tmp_path).__enter__()
        (tmp_path / "other").mkdir()
        with exclusive(tmp_path / "other"):
            pass
    with pytest.raises(RuntimeError, match="stumbled"), exclusive(tmp_path):
        raise RuntimeError("stumbled")
    with exclusive(tmp_path):  # free again, also after a failure
        pass


def test_a_command_with_options_is_told_of_its_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file"
    with pytest.raises(UserError) as failure, friendly_disk_errors(place, "--path"):
        raise AssertionError("not reached")
    assert failure.value.remedy == "choose another --path"
    with exclusive(tmp_path), pytest.raises(UserError) as failure:
        exclusive(tmp_path, "--path").__enter__()
    assert failure.value.remedy.endswith("another --path")
