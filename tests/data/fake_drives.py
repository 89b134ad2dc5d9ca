"""Made-up drives: moments of cars, and files in comma2k19's layout. Shared by tests."""

from pathlib import Path

import numpy as np

from nsca.data.driving_recording import POSE, STREAMS
from nsca.data.moments import InMemory, Moments

INTERVAL_S, PER_STRETCH = 0.05, 12
EARTH_M = 6_378_137.0  # from its middle to the equator, where these cars drive


def fake_moments(clips: int = 24, seed: int = 0) -> Moments:
    """Cars at 10 to 20 m/s that each speed up or brake steadily, facing any way."""
    rng = np.random.default_rng(seed)
    heading = rng.uniform(-3, 3, (clips, 1, 1))
    speed = rng.uniform(10, 20, (clips, 1, 1))
    gain = rng.normal(0, 3, (clips, 1, 1))
    seconds = INTERVAL_S * np.arange(PER_STRETCH)[None, :, None]
    ahead = np.concatenate([np.cos(heading), np.sin(heading), 0 * heading], axis=2)
    place = (speed * seconds + gain * seconds**2 / 2) * ahead
    velocity = (speed + gain * seconds) * ahead
    physical = np.concatenate([place, velocity], axis=2).reshape(-1, 6).astype(np.float32)
    count = clips * PER_STRETCH
    clip = np.repeat(np.arange(clips), PER_STRETCH)
    body = np.repeat(gain[:, 0], PER_STRETCH, axis=0) * np.ones(4)
    return Moments(
        clip=clip,
        belongs=clip,
        stored={"proprioception": InMemory(body.astype(np.float32))},
        present={"proprioception": np.ones(count, bool)},
        action=np.zeros((count, 1), np.float32),
        physical=physical,
        heading=np.repeat(heading[:, 0, 0], PER_STRETCH).astype(np.float32),
        interval_s=INTERVAL_S,
    )


def drive_arrays(seconds: float = 60.0, heading: float = 0.5) -> dict[str, np.ndarray]:
    """A car on the equator at longitude 0 that heads `heading` (from east to north) at first, goes
    10 m/s, speeds up by 1 m/s² and turns left by 0.01 rad/s; keys as in comma2k19.
    """
    times = 100 + INTERVAL_S * np.arange(round(seconds / INTERVAL_S))
    since = times - times[0]
    way = heading + 0.01 * since
    speed = 10 + since
    ahead = np.stack([0 * way, np.cos(way), np.sin(way)], axis=1)  # up is x, east y, north z
    velocity = speed[:, None] * ahead
    place = np.array([EARTH_M, 0, 0]) + np.cumsum(velocity, axis=0) * INTERVAL_S
    frames = np.stack([ahead, np.cross([1.0, 0, 0], ahead), 0 * ahead + [1.0, 0, 0]], axis=2)
    stream = 100 + 0.01 * np.arange(round(seconds * 100) + 10)
    arrays = {
        POSE["times"]: times,
        POSE["positions"]: place,
        POSE["velocities"]: velocity,
        POSE["orientations"]: np.stack([_quaternion(frame) for frame in frames]),
    }
    degrees = 0.1 * (stream - 100)
    for name, values in {
        "steering": degrees,
        "accelerometer": np.stack([1 + 0 * stream, 0 * stream, stream - 100], axis=1),
        "gyro": np.tile([0, 0, 0.01], (len(stream), 1)),
    }.items():
        arrays[f"{STREAMS[name]}/t"] = stream
        arrays[f"{STREAMS[name]}/value"] = values
    return arrays


def put_archive(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """As an .npz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{key.replace("/", "__"): values for key, values in arrays.items()})
    return path


def put_folder(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """As the dataset itself has it: files without a suffix."""
    for key, values in arrays.items():
        (path / key).parent.mkdir(parents=True, exist_ok=True)
        with (path / key).open("wb") as stream:
            np.save(stream, values)
    return path


def _quaternion(frame: np.ndarray) -> np.ndarray:
    """w, x, y, z of a rotation matrix."""
    from scipy.spatial.transform import Rotation

    return np.roll(Rotation.from_matrix(frame).as_quat(), 1)
