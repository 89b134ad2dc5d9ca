"""One recorded drive in comma2k19's layout, checked, at the instants of its camera's frames.

Schafer et al. 2018 ("A Commute in 158 Hours"): per frame the pose (place and velocity in the
Earth's frame, m and m/s; orientation as a quaternion w, x, y, z from the car's axes, x forward),
and streams with times of their own: the angle of the steering wheel (degrees), acceleration (m/s²)
and rate of turning (rad/s) on the car's axes. Either the dataset's folders, or one .npz whose keys
are their paths with `__` for `/`.

A frame at rest takes what streams said in the 50 ms before it (nothing of the future), what is done
the steering until the next frame; where none was recorded the wheel is taken to stay as it was, for
two frames at most. Unsure: poses come from an optimiser that has seen the whole drive, so the last
pose seen knows a little of what comes.
"""

import math
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Float64

from nsca.data.media import ARRAY_ERRORS, one_line
from nsca.errors import UserError

POSE = {
    "times": "global_pose/frame_times",
    "positions": "global_pose/frame_positions",
    "velocities": "global_pose/frame_velocities",
    "orientations": "global_pose/frame_orientations",
}
STREAMS = {
    "steering": "processed_log/CAN/steering_angle",
    "accelerometer": "processed_log/IMU/accelerometer",
    "gyro": "processed_log/IMU/gyro",
}
KEYS = {
    **POSE,
    **{f"{name}_t": f"{where}/t" for name, where in STREAMS.items()},
    **{name: f"{where}/value" for name, where in STREAMS.items()},
}
WIDTHS = {"positions": 3, "velocities": 3, "orientations": 4, "accelerometer": 3, "gyro": 3}
FURTHEST_OFF = 0.2  # of the usual interval, that a frame may come early or late
LONGEST_HELD = 2  # frames without steering in a row that keep the angle before them
GROUND_M = (6.3e6, 6.4e6)  # from the Earth's middle, wherever cars drive
POLAR_AXES_RATIO = 6378137.0 / 6356752.314245  # WGS 84


@dataclass(frozen=True)
class Drive:
    """Frames of a recording in time order.

    Attributes:
        stretch: number of the unbroken stretch that a frame is in: a pose that is not finite or not
            on the Earth, steering that was not recorded for longer, and a frame that is early or
            late end one.
        place: m, x ahead and y to the left of where the car first stood, z up.
        velocity: m/s on the same axes.
        heading: rad from x to y.
        body: acceleration and turning in the time before a frame.
        felt: whether anything was measured then.
        steering: rad, of the wheel, positive to the left, mean until the next frame.
        interval_s: between frames.
        ignored: what was left out, in words.
    """

    stretch: np.ndarray
    place: Float64[np.ndarray, "frame 3"]
    velocity: Float64[np.ndarray, "frame 3"]
    heading: Float64[np.ndarray, " frame"]
    body: Float32[np.ndarray, "frame 6"]
    felt: Bool[np.ndarray, " frame"]
    steering: Float32[np.ndarray, " frame"]
    interval_s: float
    ignored: list[str]

    def __len__(self) -> int:
        return len(self.stretch)


def find_recordings(folder: Path) -> list[Path]:
    """Every .npz and every folder with any file of comma2k19 in a folder, sorted; itself, too."""
    archives = {path for path in folder.rglob("*.npz") if path.is_file()}
    tops = {key.partition("/")[0] for key in KEYS.values()}
    beside = {path.parent for top in tops for path in folder.rglob(top)}
    segments = {path for path in beside if any((path / key).is_file() for key in KEYS.values())}
    return sorted(archives | segments)


def read_drive(path: Path) -> Drive:
    """Read one recording.

    Args:
        path: of an .npz or a folder, see `find_recordings`.

    Raises:
        UserError: something is missing, of another shape or length, cannot be read, times do not
            increase, positions are not from the Earth's middle in metres, or no frame has both a
            pose and steering.
    """
    found = _arrays(path)
    times, ignored = found["times"], []
    usual = float(np.median(np.diff(times))) if len(times) > 1 else np.nan
    if not len(times) > 1:
        raise UserError(f"{path} has {len(times)} frames", "take it out, or record for longer")
    interval_s = 1 / round(1 / usual) if usual <= 1 else usual
    poses = np.concatenate([found[name] for name in ("positions", "velocities", "orientations")], 1)
    finite = np.asarray(np.isfinite(poses).all(axis=1) & found["orientations"].any(axis=1))
    if not finite.all():
        ignored.append(f"{int((~finite).sum())} of {len(finite)} poses that are not finite")
    if not finite.any():
        raise UserError(f"{path}: no pose is finite", "take it out")
    height = np.linalg.norm(found["positions"], axis=1)
    posed = finite & (height > GROUND_M[0]) & (height < GROUND_M[1])
    if off := int((finite & ~posed).sum()):
        ignored.append(f"{off} of {len(finite)} poses that are not on the Earth")
    if not posed.any():
        raise UserError(
            f"{path}: no position is on the Earth, {GROUND_M[0]:g} to {GROUND_M[1]:g} m from its "
            "middle",
            f"{POSE['positions']} must be ECEF metres",
        )
    broken = np.abs(np.diff(times) - interval_s) > FURTHEST_OFF * interval_s
    if broken.any():
        ignored.append(f"{int(broken.sum())} gaps or hurries between frames")
    streams = {name: _finite(found, name, path, ignored) for name in STREAMS}
    steering, told = _mean_between(*streams["steering"], times, times + interval_s)
    if not told.any():
        raise UserError(f"{path}: nothing is steered while there are frames", "take it out")
    frame = np.arange(len(told))
    known = np.maximum.accumulate(np.where(told, frame, -1))
    steered = (known >= 0) & (frame - known <= LONGEST_HELD)
    if not told.all():
        ignored.append(
            f"the steering of {int((~told).sum())} of {len(told)} frames, which was not recorded "
            f"({int((steered & ~told).sum())} keep the angle before)"
        )
    fine = posed & steered
    if not fine.any():
        raise UserError(f"{path}: no frame has both a pose and steering", "take it out")
    ends = np.concatenate([[False], broken | ~fine[:-1]])
    first = int(fine.argmax())
    axes = _axes_at(found["positions"][first], found["orientations"][first])
    forward = _forward(found["orientations"]) @ axes.T
    before = times - interval_s
    acceleration, accelerated = _mean_between(*streams["accelerometer"], before, times)
    turning, turned = _mean_between(*streams["gyro"], before, times)
    return Drive(
        stretch=np.cumsum(ends)[fine],
        place=((found["positions"] - found["positions"][first]) @ axes.T)[fine],
        velocity=(found["velocities"] @ axes.T)[fine],
        heading=np.arctan2(forward[:, 1], forward[:, 0])[fine],
        body=np.concatenate([acceleration, turning], axis=1).astype(np.float32)[fine],
        felt=(accelerated & turned)[fine],
        steering=np.radians(steering[known, 0]).astype(np.float32)[fine],
        interval_s=interval_s,
        ignored=ignored,
    )


def files_of(path: Path) -> list[Path]:
    """The files of a recording that are read, whether they are there or not."""
    return [path / key for key in KEYS.values()] if path.is_dir() else [path]


def _arrays(path: Path) -> Mapping[str, Float64[np.ndarray, "..."]]:
    found: dict[str, np.ndarray] = {}
    try:
        if path.is_dir():
            found = _read(lambda key: (path / key).is_file(), lambda key: np.load(path / key))
        else:
            if not zipfile.is_zipfile(path):
                raise ValueError("no .npz archive, or its end is missing")
            with np.load(path) as archive:
                found = _read(
                    lambda key: key.replace("/", "__") in archive,
                    lambda key: archive[key.replace("/", "__")],
                )
    except ARRAY_ERRORS as error:
        raise UserError(
            f"{path}: {one_line(error, 'cannot be read as a recorded drive')}",
            "fetch it again, or take it out",
        ) from error
    if missing := [key for name, key in KEYS.items() if name not in found]:
        raise UserError(
            f"{path} lacks {', '.join(missing)}",
            "keep the paths of comma2k19; in an .npz, with __ for /",
        )
    _check_shapes(found, path)
    return found


def _read(there: Callable[[str], bool], load: Callable[[str], np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name: np.atleast_1d(np.asarray(load(key), np.float64))
        for name, key in KEYS.items()
        if there(key)
    }


def _check_shapes(found: dict[str, np.ndarray], path: Path) -> None:
    for name in STREAMS:
        if name not in WIDTHS:
            found[name] = found[name].reshape(len(found[name]), math.prod(found[name].shape[1:]))
    for name, values in found.items():
        clock = "times" if name in POSE else name.removesuffix("_t") + "_t"
        width = WIDTHS.get(name, 1)
        wanted = (len(found[clock]),) if name == clock else (len(found[clock]), width)
        if values.shape != wanted:
            raise UserError(
                f"{path}: {KEYS[name]} has the shape {values.shape}, and with its "
                f"{len(found[clock])} times it must be {wanted}",
                "record them together, or take the recording out",
            )
        if name == clock and not (np.diff(values) > 0).all():
            at = int((~(np.diff(values) > 0)).argmax())
            raise UserError(
                f"{path}: {KEYS[name]} does not increase after number {at}",
                "sort it with its values, or take the recording out",
            )


def _finite(
    found: Mapping[str, np.ndarray], name: str, path: Path, ignored: list[str]
) -> tuple[Float64[np.ndarray, " sample"], Float64[np.ndarray, "sample number"]]:
    times, values = found[f"{name}_t"], found[name]
    fine = np.asarray(np.isfinite(values).all(axis=1))
    if not fine.all():
        ignored.append(f"{int((~fine).sum())} of {len(fine)} values of {name} that are not finite")
    if not fine.any():
        raise UserError(f"{path}: {len(fine)} values of {name}, none finite", "take it out")
    return times[fine], values[fine]


def _mean_between(
    times: Float64[np.ndarray, " sample"],
    values: Float64[np.ndarray, "sample number"],
    start: Float64[np.ndarray, " frame"],
    stop: Float64[np.ndarray, " frame"],
) -> tuple[Float64[np.ndarray, "frame number"], Bool[np.ndarray, " frame"]]:
    """The mean of what comes from `start` on and before `stop`, and whether anything does."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    first, last = np.searchsorted(times, start), np.searchsorted(times, stop)
    return (sums[last] - sums[first]) / np.maximum(last - first, 1)[:, None], last > first


def _axes_at(
    place: Float64[np.ndarray, "3"], orientation: Float64[np.ndarray, "4"]
) -> Float64[np.ndarray, "3 3"]:
    """Rows: ahead and left in the level, and up, in the Earth's frame."""
    up = place * np.array([1.0, 1.0, POLAR_AXES_RATIO**2])  # upright on the ellipsoid
    up /= np.linalg.norm(up)
    ahead = _forward(orientation[None])[0]
    ahead -= (ahead @ up) * up
    ahead /= np.linalg.norm(ahead)
    return np.stack([ahead, np.cross(up, ahead), up])


def _forward(orientations: Float64[np.ndarray, "frame 4"]) -> Float64[np.ndarray, "frame 3"]:
    """The car's x axis in the Earth's frame."""
    lengths = np.linalg.norm(orientations, axis=1, keepdims=True)
    w, x, y, z = (orientations / np.where(lengths > 0, lengths, 1.0)).T
    return np.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], axis=1)
