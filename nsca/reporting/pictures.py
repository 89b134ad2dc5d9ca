"""Pictures and sounds as data URIs, so that a page needs no other file."""

import base64
import io
import wave
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int16, UInt8
from PIL import Image

from nsca.data import animation

GAP_PX = 2


def data_uri(content: bytes, kind: str) -> str:
    """`data:<kind>;base64,...`."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def png(picture: UInt8[np.ndarray, "height width channel"]) -> str:
    """A picture (3 channels, or 4 with opacity) as PNG."""
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "PNG", optimize=True)
    return data_uri(stored.getvalue(), "image/png")


def webp(picture: UInt8[np.ndarray, "height width channel"]) -> str:
    """A photograph-like picture, a tenth of its size as PNG."""
    stored = io.BytesIO()
    Image.fromarray(picture).save(stored, "WEBP", quality=88, method=4)
    return data_uri(stored.getvalue(), "image/webp")


def gif(frames: Sequence[UInt8[np.ndarray, "height width 3"]], frames_per_s: int) -> str:
    """An endless animation."""
    return data_uri(animation.gif(np.stack(frames), frames_per_s), "image/gif")


def wav(samples: Int16[np.ndarray, " sample"], rate_hz: int) -> str:
    """Mono sound, 16 bit."""
    stored = io.BytesIO()
    with wave.open(stored, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(samples.astype("<i2").tobytes())
    return data_uri(stored.getvalue(), "audio/wav")


def enlarged(
    picture: UInt8[np.ndarray, "height width channel"], factor: int
) -> UInt8[np.ndarray, "big_height big_width channel"]:
    """Every pixel as a square of `factor` pixels."""
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def sheet(
    pictures: UInt8[np.ndarray, "picture height width 3"], columns: int, factor: int = 1
) -> UInt8[np.ndarray, "sheet_height sheet_width 4"]:
    """Pictures row by row with transparent gaps; missing places at the end stay transparent."""
    count, height, width, _ = pictures.shape
    rows = -(-count // columns)
    tall, wide = height * factor + GAP_PX, width * factor + GAP_PX
    result = np.zeros((rows * tall - GAP_PX, columns * wide - GAP_PX, 4), dtype=np.uint8)
    for place, picture in enumerate(pictures):
        top, left = place // columns * tall, place % columns * wide
        result[top : top + height * factor, left : left + width * factor, :3] = enlarged(
            picture, factor
        )
        result[top : top + height * factor, left : left + width * factor, 3] = 255
    return result


def filter_pictures(
    filters: Float[np.ndarray, "filter channel height width"],
) -> UInt8[np.ndarray, "filter height width 3"]:
    """Filters with 0 as mid grey and their own largest weight as black or white."""
    largest = np.abs(filters).max((1, 2, 3), keepdims=True)
    scaled = (filters / np.where(largest > 0, largest, 1) * 127 + 128).round().clip(0, 255)
    pictures = scaled.astype(np.uint8).transpose(0, 2, 3, 1)
    return pictures.repeat(3, axis=-1) if pictures.shape[-1] == 1 else pictures[..., :3]
