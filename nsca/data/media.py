"""Opens pictures, sounds and arrays of unknown quality: either a usable value or a
`BrokenFileError` that names file and cause.

Pictures come out as upright 8-bit RGB whatever they were (EXIF rotation, palette, 1-bit, grey,
16-bit, CMYK, alpha, which is laid over white). Arrays are read without pickle. What to do about a
broken file is decided elsewhere (`nsca.data.media_loading`).

Unsure: CMYK is converted without colour profiles, as Pillow does; print colours come out
approximately.
"""

import io
import lzma
import math
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageOps

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
)
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg"})
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mkv", ".webm", ".avi", ".mov", ".mpg", ".mpeg", ".gif"}
)
SHORTEST_SOUND_S = 0.01
"""A step of `nsca.models.log_mel`; recorded ticks of drums last 20 ms."""

SOUND_RATES_HZ = 1_000, 1_000_000
"""A rate outside is a damaged header: to resample by it takes gigabytes."""

ARRAY_ERRORS = (
    OSError,
    ValueError,
    EOFError,
    SyntaxError,
    OverflowError,
    MemoryError,
    NotImplementedError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What numpy raises on a damaged .npy or .npz, its own and what unpacks and parses it."""


class BrokenFileError(Exception):
    """A file that cannot be used, with its path and the reason in one line."""

    def __init__(self, path: Path, cause: str) -> None:
        super().__init__(f"{path}: {cause}")
        self.path = path
        self.cause = cause


def file_bytes(path: Path) -> bytes:
    """What is in a file. Raises BrokenFileError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as e:
        raise BrokenFileError(path, e.strerror or type(e).__name__) from e


Content = Callable[[Path], bytes]
"""Gives the bytes that a name stands for, of a file or of a row of a table."""


def read_image(
    path: Path, size: int, content: Content = file_bytes
) -> UInt8[np.ndarray, "size size 3"]:
    """The picture upright, its shorter side scaled to `size` pixels, the middle square of it as
    8-bit RGB.

    Args:
        path: its name.
        size: pixels.
        content: gives the bytes.

    Raises:
        BrokenFileError: missing, empty, truncated, damaged, not a picture, or larger than Pillow's
        decompression limit.
    """
    data = _some_bytes(path, content)
    try:
        with Image.open(io.BytesIO(data)) as image:
            _check_pixels(image)
            image.draft("RGB", (2 * size, 2 * size))  # JPEG only: decode at a fraction of the size
            upright = _rgb(_upright(image))
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as e:
        raise BrokenFileError(path, one_line(e, "is not a picture that can be read")) from e
    fitted = ImageOps.fit(upright, (size, size), method=Image.Resampling.BILINEAR)
    return np.asarray(fitted, dtype=np.uint8)


def read_audio(
    path: Path, content: Content = file_bytes
) -> tuple[Float32[np.ndarray, "sample channel"], int]:
    """Samples in [-1, 1] and the rate in Hz; for `path` and `content` see `read_image`.

    Raises:
        BrokenFileError: missing, empty, truncated, not a sound file, no samples or too few to hear,
        a rate outside `SOUND_RATES_HZ`, samples that are not finite, or more announced than there
        is memory for.
    """
    import soundfile

    data = _some_bytes(path, content)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as sound:
            announced = sound.frames
            samples = sound.read(dtype="float32", always_2d=True)
            rate_hz = sound.samplerate
    except (soundfile.SoundFileError, RuntimeError, ValueError, MemoryError) as e:
        raise BrokenFileError(path, one_line(e, "is not a sound that can be read")) from e
    if missing := _missing_wav_bytes(data):
        raise BrokenFileError(
            path, f"truncated: {missing} bytes of sound announced by the header are missing"
        )
    if not len(samples) or len(samples) < announced:
        raise BrokenFileError(path, f"holds {len(samples)} of {announced} samples")
    if not SOUND_RATES_HZ[0] <= rate_hz <= SOUND_RATES_HZ[1]:
        raise BrokenFileError(path, f"its header says {rate_hz} samples a second, hardly a sound's")
    if len(samples) < SHORTEST_SOUND_S * rate_hz:
        raise BrokenFileError(
            path,
            f"holds {len(samples)} sample{'s' * (len(samples) > 1)} at {rate_hz} Hz, too short to "
            f"hear (under {SHORTEST_SOUND_S * 1000:g} ms)",
        )
    if not np.isfinite(samples).all():
        raise BrokenFileError(path, "holds samples that are not finite")
    return samples, rate_hz


def read_array(path: Path) -> np.ndarray:
    """A numeric `.npy` array, never unpickled.

    Raises:
        BrokenFileError: missing, empty, truncated, not `.npy`, an object array, or values that are
        not finite.
    """
    data = _some_bytes(path, file_bytes)
    if not data.startswith((b"\x93NUMPY", b"PK")):  # numpy would take it for a pickle
        raise BrokenFileError(path, "is not an array: it does not begin like a .npy file")
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except ARRAY_ERRORS as e:
        if str(e).startswith("Object arrays"):
            raise BrokenFileError(path, "holds Python objects, not numbers") from e
        raise BrokenFileError(path, one_line(e, "is not an array that can be read")) from e
    if not isinstance(array, np.ndarray):
        raise BrokenFileError(path, "is an archive of arrays (.npz), not one array (.npy)")
    if array.dtype.kind not in "fiub":
        raise BrokenFileError(path, f"holds {array.dtype} values, not numbers")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BrokenFileError(path, "holds values that are not finite")
    return array


def _some_bytes(path: Path, content: Content) -> bytes:
    data = content(path)
    if not data:
        raise BrokenFileError(path, "is empty (0 bytes)")
    return data


def _check_pixels(image: Image.Image) -> None:
    """Raises ValueError beyond the size that Pillow only warns of."""
    if (limit := Image.MAX_IMAGE_PIXELS) is not None and math.prod(image.size) > limit:
        raise ValueError(f"{image.width} x {image.height} pixels, more than {limit}")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says. Raises ValueError where that is damaged: Pillow writes it anew then,
    and fails at wrong types and numbers in its own ways.
    """
    try:
        return ImageOps.exif_transpose(image)
    except (struct.error, TypeError, AttributeError, LookupError, ArithmeticError) as e:
        raise ValueError(f"damaged EXIF: {e}") from e


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow would clip 16 bits to 8 instead of scaling them.
        return Image.fromarray(
            (np.asarray(image, dtype=np.float32) / 257).clip(0, 255).astype(np.uint8)
        ).convert("RGB")
    if image.mode == "F":
        values = np.asarray(image)
        if not np.isfinite(values).all():
            raise ValueError("holds pixels that are not finite")
        brightest = 1.0 if values.max() <= 1 else 255.0
        return Image.fromarray((values / brightest * 255).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _missing_wav_bytes(data: bytes) -> int:
    """Bytes that the RIFF data chunk announces beyond the end of the file: libsndfile reads such
    files silently short.
    """
    if data[:4] != b"RIFF":
        return 0
    position = 12
    while position + 8 <= len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if data[position : position + 4] == b"data":
            # 0xFFFFFFFF and 0 are what streaming writers leave behind; they announce nothing.
            return max(position + 8 + length - len(data), 0) if length not in (0, 0xFFFFFFFF) else 0
        position += 8 + length + length % 2
    return 0


def one_line(error: BaseException, fallback: str) -> str:
    """The fallback, and after it in brackets what the error says, where it says something."""
    # Addresses of buffers, which libraries name like a file, would differ from run to run.
    text = re.sub(r"<\S+ object at 0x[0-9a-fA-F]+>", "it", " ".join(str(error).split()))
    return fallback if not text or "cannot identify image file" in text else f"{fallback} ({text})"
