"""Opens videos of unknown quality: pictures at a given rate, or a `BrokenFileError` that names file
and cause.

Frames are chosen by their time stamps, so sources of any rate, and of a varying one, give pictures
equally far apart; a source slower than that gives every picture once. The pixels of the file are
taken to be square.

Unsure: FFmpeg hides damage inside a stream as players do. A file is called damaged when less than
half of its announced length can be read; of mpg, FFmpeg guesses the length from what is there.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from nsca.data.media import BrokenFileError, one_line
from nsca.data.media_loading import read_all

if TYPE_CHECKING:
    from av.container import InputContainer

ROUNDING = 0.01  # of a step: containers round time stamps, some to milliseconds
SHORTEST_SHARE = 0.5  # of the announced length


def read_video(
    path: Path, size: int, frames_per_s: float, max_frames: int
) -> UInt8[np.ndarray, "frame size size 3"]:
    """The pictures upright, from the first on, each its middle square at `size` pixels as 8-bit
    RGB; sound is not read.

    Args:
        path: of anything that FFmpeg decodes.
        size: side in pixels.
        frames_per_s: pictures taken of a second.
        max_frames: what comes after so many pictures is not read.

    Raises:
        BrokenFileError: missing, empty, not a video, without pictures, without times, or damaged.
    """
    import av

    pictures: list[np.ndarray] = []
    begin_s, end_s, last_step = 0.0, 0.0, -1
    try:
        if not path.stat().st_size:
            raise BrokenFileError(path, "is empty (0 bytes)")
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise BrokenFileError(path, "has no stream of pictures (sound alone?)")
            for frame in container.decode(container.streams.video[0]):
                if frame.time is None:
                    raise BrokenFileError(path, "has pictures without a time")
                if not pictures:
                    begin_s = frame.time
                end_s = frame.time + float((frame.duration or 0) * (frame.time_base or 0))
                step = int((frame.time - begin_s) * frames_per_s + ROUNDING)
                if step > last_step:
                    last_step = step
                    pictures.append(_square(frame.to_ndarray(format="rgb24"), frame.rotation, size))
                if len(pictures) == max_frames:
                    break
            announced_s = _announced_s(container)
            # The end itself, not less the beginning: mkv announces when the last picture ends.
            if len(pictures) < max_frames and end_s < SHORTEST_SHARE * announced_s:
                raise BrokenFileError(
                    path, f"ends after {end_s:.1f} of {announced_s:.1f} announced seconds"
                )
    except (OSError, av.error.FFmpegError) as e:
        raise BrokenFileError(path, one_line(e, "is not a video that can be read")) from e
    if not pictures:
        raise BrokenFileError(path, "holds no picture")
    return np.stack(pictures)


def _announced_s(container: "InputContainer") -> float:
    """The length of the pictures by the headers; 0 where they do not tell it from the sound's."""
    stream = container.streams.video[0]
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and len(container.streams) == 1:
        return container.duration / 1e6  # FFmpeg counts microseconds
    return 0.0


def _square(
    pixels: UInt8[np.ndarray, "height width 3"], anticlockwise_degrees: int, size: int
) -> UInt8[np.ndarray, "size size 3"]:
    upright = np.ascontiguousarray(np.rot90(pixels, round(anticlockwise_degrees / 90)))
    fitted = ImageOps.fit(Image.fromarray(upright), (size, size), method=Image.Resampling.BILINEAR)
    return np.asarray(fitted, dtype=np.uint8)


def load_videos(
    paths: Sequence[Path],
    size: int,
    frames_per_s: float,
    max_frames: int,
    max_broken: float,
    what: str,
) -> tuple[UInt8[np.ndarray, "frame size size 3"], list[int], list[BrokenFileError]]:
    """The pictures of all videos, one video after the other, in the order of `paths`.

    Broken files are left out as in `load_images`: the position of each picture's file and the
    broken files come back beside the pictures.

    Args:
        paths: video files.
        size, frames_per_s, max_frames: see `read_video`.
        max_broken, what: see `load_images`.

    Raises:
        UserError: more than `max_broken` of the files are broken, or all of them.
    """
    read, broken = read_all(
        lambda path: read_video(path, size, frames_per_s, max_frames), paths, max_broken, what
    )
    positions = [position for position, pictures in read.items() for _ in pictures]
    return np.concatenate(list(read.values())), positions, broken
