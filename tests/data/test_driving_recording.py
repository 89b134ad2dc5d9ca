"""A drive in metres, wherever on Earth it was; what is broken is named, ignored or refused."""

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
    drive = read_drive(put_archive(tmp_path / "a.npz", arrays))
    assert len(drive) == 198
    assert np.flatnonzero(np.diff(drive.stretch)).tolist() == [49, 118]
    assert not drive.felt[1]
    assert "2 of 200 poses" in drive.ignored[0]
    assert "1 gaps" in drive.ignored[1]
    assert "7 of 1010 values of gyro" in drive.ignored[2]


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
    refused("no value of accelerometer", processed_log__IMU__accelerometer__value=nothing)
    late = good["processed_log/CAN/steering_angle/t"] + 1000
    refused("nothing is steered", processed_log__CAN__steering_angle__t=late)
    with pytest.raises(UserError, match="has 1 frames"):
        read_drive(put_archive(tmp_path / "short.npz", drive_arrays(0.05)))
    whole = put_archive(tmp_path / "whole.npz", good).read_bytes()
    for broken in (b"no archive", b"", whole[:-5000]):
        (tmp_path / "cut.npz").write_bytes(broken)
        with pytest.raises(UserError, match=r"cut\.npz: cannot be read as a recorded drive"):
            read_drive(tmp_path / "cut.npz")
