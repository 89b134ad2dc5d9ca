"""Videos whose pictures are known: even grey that becomes lighter, at given times."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

CODECS = {".avi": "mpeg4", ".mpg": "mpeg1video", ".gif": "gif", ".webm": "libvpx"}
TICKS = 100  # of a second


def write_video(
    path: Path, times_s: Sequence[float], brightness_per_s: float = 100.0, start: float = 10.0
) -> Path:
    """96 x 64 pixels, the middle square grey and the rest white, as brighter as it is later.

    No times give a file without a picture.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS.get(path.suffix, "mpeg4"), rate=25)
        stream.width, stream.height = 96, 64
        stream.pix_fmt = "rgb8" if path.suffix == ".gif" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25 if path.suffix in CODECS else TICKS)
        container.start_encoding()  # writes the header also where nothing follows
        for time_s in times_s:
            pixels = np.full((64, 96, 3), 255, np.uint8)
            pixels[:, 16:80] = round(start + brightness_per_s * (time_s - times_s[0]))
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.time_base = stream.codec_context.time_base
            frame.pts = round(time_s / frame.time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def at_rate(frames_per_s: float, seconds: float) -> list[float]:
    """Times of a source of an even rate."""
    return [n / frames_per_s for n in range(round(seconds * frames_per_s))]


def write_sound_alone(path: Path) -> Path:
    """A video file with sound and no pictures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        stream.layout = "mono"
        block = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        block.sample_rate = 16_000
        container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    return path
