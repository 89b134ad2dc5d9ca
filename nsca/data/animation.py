"""Frames as a GIF, for previews on disk and for pages."""

import io

import numpy as np
from jaxtyping import UInt8
from PIL import Image


def gif(frames: UInt8[np.ndarray, "frame height width 3"], frames_per_s: int) -> bytes:
    """An endless animation with one palette for all frames (a palette each would flicker)."""
    palette = Image.fromarray(np.concatenate(frames)).quantize(256)
    pictures = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    stored = io.BytesIO()
    pictures[0].save(
        stored,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / frames_per_s),
        loop=0,
        optimize=False,
    )
    return stored.getvalue()
