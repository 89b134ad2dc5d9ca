"""A drive in metres, wherever on Earth it was; what is broken is named, ignored or refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from data.fake_drives import drive_arrays, put_archive, put_folder

from nsca.data.driving_recording import POSE, STREAMS, find_recordings, read_drive
from nsca.errors import UserError


def test_a_drive_begins_at_the_origin_and_heads_along_x(tmp_path: Path) -> None:
    drive = read_drive(put_archive(tmp_path / "a.npz", drive_arrays()))
    assert len(drive) == 1200
    assert drive.interval_s == 0.05
    np.testing.assert_allclose(drive.place[0], 0, atol=1e-6)
    np.testing.assert_allclose(drive.velocity[0], [10, 0, 0], atol=1e-6)
    np.testing.assert_allclose(drive.heading, 0.01 * 0.05 * np.arange(1200), atol=1e-6)
    assert drive.velocity[-1, 1] > 10, "it turned left"
    assert np.abs(drive.place[:, 2]).max() < 1e-3, "and never left the level"
    assert not drive.ignored


def test_the_body_knows_the_past_alone_and_steering_the_present(tmp_path: Path) -> None:
    drive = read_drive(put_archive(tmp_path / "a.npz", drive_arrays()))
    since = 0.05 * np.arange(1200)
    assert not drive.felt[0]
    assert drive.felt[1:].all()
    assert (drive.body[1:, 2] < since[1:]).all(), "a stream that tells the time"
    np.testing.assert_allclose(drive.body[1:, 2], since[1:] - 0.03, atol=0.011)
    np.testing.assert_allclose(drive.body[5, [0, 5]], [1, 0.01], rtol=1e-5)
    degrees = 0.1 * (since + 0.02)
    np.testing.assert_allclose(np.degrees(drive.steering), degrees, atol=1.1e-3)


def test_folders_of_the_dataset_read_like_archives(tmp_path: Path) -> None:
    one = read_drive(put_archive(tmp_path / "a.npz", drive_arrays(5)))
    other = read_drive(put_folder(tmp_path / "route" / "0", drive_arrays(5)))
    np.testing.assert_array_equal(one.place, other.place)
    np.testing.assert_array_equal(one.body, other.body)
    assert find_recordings(tmp_path) == [tmp_path / "a.npz", tmp_path / "route" / "0"]
    assert find_recordings(tmp_path / "route" / "0") == [tmp_path / "route" / "0"]


def test_what_is_not_finite_is_left_out_and_ends_a_stretch(tmp_path: Path) -> None:
    arrays = drive_arrays(10)
    arrays[POSE["positions"]][50, 1] = np.nan
    arrays[f"{STREAMS['gyro']}/value"][:7] = np.inf
    arrays[POSE["orientations"]][199] = 0
    arrays[POSE["times"]][120:] += 0.5
    for where in STREAMS.values():
        arrays[f"{where}/t"] = arrays[f"{where}/t"] + 0.5 * (np.arange(1010) >= 600)
    drive = read_drive(put_archive(tmp_path / "a.npz", arrays))
    assert len(drive) == 198
    assert np.flatnonzero(np.diff(drive.stretch)).tolist() == [49, 118]
    assert not drive.felt[1]
    assert "2 of 200 poses" in drive.ignored[0]
    assert "1 gaps" in drive.ignored[1]
    assert "7 of 1010 values of gyro" in drive.ignored[2]


def without_steering(arrays: dict[str, np.ndarray], *frames: int) -> dict[str, np.ndarray]:
    """As if nothing had come of the wheel from each of these frames to the next."""
    key = STREAMS["steering"]
    frame = ((arrays[f"{key}/t"] - arrays[POSE["times"]][0] + 1e-6) / 0.05).astype(int)
    kept = ~np.isin(frame, frames)
    return arrays | {f"{key}/{name}": arrays[f"{key}/{name}"][kept] for name in ("t", "value")}


def test_an_angle_that_was_not_recorded_is_held_for_two_frames(tmp_path: Path) -> None:
    whole = read_drive(put_archive(tmp_path / "whole.npz", drive_arrays(10)))
    drive = read_drive(put_archive(tmp_path / "a.npz", without_steering(drive_arrays(10), 30, 31)))
    assert (drive.steering[30:32] == drive.steering[29]).all()
    for name in ("stretch", "place", "velocity", "heading", "body", "felt"):
        np.testing.assert_array_equal(getattr(drive, name), getattr(whole, name))
    np.testing.assert_array_equal(
        np.delete(drive.steering, [30, 31]), np.delete(whole.steering, [30, 31])
    )
    assert drive.ignored == [
        "the steering of 2 of 200 frames, which was not recorded (2 keep the angle before)"
    ]


def test_steering_is_neither_held_for_longer_nor_taken_from_the_future(tmp_path: Path) -> None:
    lacking = [0, 1, 2, *range(50, 60)]
    arrays = without_steering(drive_arrays(10), *lacking)
    drive = read_drive(put_archive(tmp_path / "a.npz", arrays))
    whole = read_drive(put_archive(tmp_path / "whole.npz", drive_arrays(10)))
    left = [3, *range(4, 52), *range(60, 200)]
    assert len(drive) == len(left)
    assert np.flatnonzero(np.diff(drive.stretch)).tolist() == [48], "frame 51, then 60"
    told = np.flatnonzero(~np.isin(left, lacking))
    np.testing.assert_array_equal(drive.steering[told], whole.steering[left][told])
    np.testing.assert_array_equal(drive.place[0], np.zeros(3))
    assert "13 of 200 frames, which was not recorded (2 keep" in drive.ignored[0]


def test_a_pose_in_the_middle_of_the_earth_is_left_out(tmp_path: Path) -> None:
    arrays = drive_arrays(10)
    arrays[POSE["positions"]][[0, 70]] = 0
    drive = read_drive(put_archive(tmp_path / "a.npz", arrays))
    assert len(drive) == 198
    assert np.abs(drive.place).max() < 200
    assert np.flatnonzero(np.diff(drive.stretch)).tolist() == [68]
    assert drive.ignored == ["2 of 200 poses that are not on the Earth"]
    arrays[POSE["positions"]][:] = np.arange(200)[:, None]
    with pytest.raises(UserError, match="no position is on the Earth") as refused:
        read_drive(put_archive(tmp_path / "local.npz", arrays))
    assert "must be ECEF metres" in refused.value.remedy


def test_a_folder_that_lacks_any_file_is_found_and_named(tmp_path: Path) -> None:
    for number, key in enumerate((POSE["times"], f"{STREAMS['gyro']}/t")):
        segment = put_folder(tmp_path / "route" / str(number), drive_arrays(5))
        (segment / key).unlink()
        with pytest.raises(UserError, match=f"lacks {key}"):
            read_drive(segment)
    assert find_recordings(tmp_path) == [tmp_path / "route" / "0", tmp_path / "route" / "1"]
    (tmp_path / "other" / "processed_log" / "notes").mkdir(parents=True)
    assert len(find_recordings(tmp_path)) == 2


def test_archives_damaged_anywhere_are_named(tmp_path: Path) -> None:
    names = {key.replace("/", "__"): values for key, values in drive_arrays(2).items()}
    np.savez_compressed(tmp_path / "whole.npz", **names)
    whole = (tmp_path / "whole.npz").read_bytes()
    start = 30 + int.from_bytes(whole[26:28], "little") + int.from_bytes(whole[28:30], "little")
    listed = whole.index(b"PK\x01\x02")
    with zipfile.ZipFile(tmp_path / "header.npz", "w") as archive:
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (("
        magic = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
        archive.writestr("global_pose__frame_times.npy", magic + header)
    for name, content in {
        "packed": whole[:start] + b"\xff" * 20 + whole[start + 20 :],
        "unknown": whole[: listed + 10] + b"\x63" + whole[listed + 11 :],
        "header": (tmp_path / "header.npz").read_bytes(),
    }.items():
        (tmp_path / f"{name}.npz").write_bytes(content)
        with pytest.raises(UserError, match=rf"{name}\.npz: cannot be read as a recorded drive"):
            read_drive(tmp_path / f"{name}.npz")


def test_bad_recordings_are_refused_by_name(tmp_path: Path) -> None:
    def refused(match: str, **changes: np.ndarray | None) -> None:
        arrays = drive_arrays(5)
        for name, values in changes.items():
            key = name.replace("__", "/")
            arrays.pop(key)
            if values is not None:
                arrays[key] = values
        with pytest.raises(UserError, match=match):
            read_drive(put_archive(tmp_path / "bad.npz", arrays))

    good = drive_arrays(5)
    refused("lacks global_pose/frame_velocities", global_pose__frame_velocities=None)
    refused("must be .100, 4", global_pose__frame_orientations=np.ones((100, 3)))
    refused("must be .510, 3", processed_log__IMU__gyro__value=np.ones((509, 3)))
    falling = good["global_pose/frame_times"].copy()
    falling[7] = falling[6]
    refused("does not increase after number 6", global_pose__frame_times=falling)
    refused("no pose is finite", global_pose__frame_positions=np.full((100, 3), np.nan))
    nothing = np.full((510, 3), np.nan)
    refused(
        "510 values of accelerometer, none finite", processed_log__IMU__accelerometer__value=nothing
    )
    key, none = "processed_log__CAN__steering_angle__", np.empty(0)
    refused("0 values of steering", **{f"{key}t": none, f"{key}value": none})
    refused("shape .1, 1., and with its 510", **{f"{key}value": np.array(1.0)})
    late = good["processed_log/CAN/steering_angle/t"] + 1000
    refused("nothing is steered", processed_log__CAN__steering_angle__t=late)
    early = good["processed_log/CAN/steering_angle/t"] - 4.5
    unposed = good["global_pose/frame_positions"].copy()
    unposed[:20] = np.nan
    refused(
        "no frame has both",
        processed_log__CAN__steering_angle__t=early,
        global_pose__frame_positions=unposed,
    )
    with pytest.raises(UserError, match="has 1 frames"):
        read_drive(put_archive(tmp_path / "short.npz", drive_arrays(0.05)))
    whole = put_archive(tmp_path / "whole.npz", good).read_bytes()
    for broken in (b"no archive", b"", whole[:-5000]):
        (tmp_path / "cut.npz").write_bytes(broken)
        with pytest.raises(UserError, match=r"cut\.npz: cannot be read as a recorded drive"):
            read_drive(tmp_path / "cut.npz")
