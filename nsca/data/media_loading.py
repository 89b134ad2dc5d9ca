"""Many pictures or sounds into memory, at one size or length. Broken files are skipped and named;
where their share exceeds a limit, loading stops.
"""

import logging
import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int16, UInt8

from nsca.data.media import BrokenFileError, Content, file_bytes, read_audio, read_image
from nsca.data.moments import SILENT
from nsca.errors import UserError

NAMED_IN_MESSAGE = 5
RATE_HZ = 16_000  # of sounds in memory

_log = logging.getLogger(__name__)


def load_images(
    paths: Sequence[Path],
    size: int,
    max_broken: float,
    what: str,
    content: Content = file_bytes,
) -> tuple[UInt8[np.ndarray, "kept size size 3"], list[int], list[BrokenFileError]]:
    """All pictures at one size in memory (12 kB each at 64 pixels), in the order of `paths`.

    Broken ones are left out and named in the log: the positions kept and the broken files come back
    beside the pictures.

    Args:
        paths: picture files.
        size: side in pixels.
        max_broken: largest share of broken files that is tolerated, in [0, 1].
        what: what is being loaded, for messages ("data.path=... train").
        content: gives the bytes of each.

    Raises:
        UserError: more than `max_broken` of the files are broken, or all of them.
    """
    read, broken = read_all(lambda path: read_image(path, size, content), paths, max_broken, what)
    images = np.empty((len(read), size, size, 3), dtype=np.uint8)
    for row, image in enumerate(read.values()):
        images[row] = image
    return images, list(read), broken


def load_sounds(
    paths: Sequence[Path],
    seconds: float,
    max_broken: float,
    what: str,
    content: Content = file_bytes,
) -> tuple[Int16[np.ndarray, "piece time"], list[int], list[BrokenFileError]]:
    """All sounds in pieces of one length, mono at 16 kHz, in the order of `paths`.

    A longer sound gives several pieces, one after the other; the end of one is filled with
    silence, and left out where it is shorter than half a piece and not the only one. Channels are
    averaged. Broken files are left out as in `load_images`: the position of each piece's file and
    the broken files come back beside the pieces.

    Args:
        paths: sound files of any rate and number of channels.
        seconds: of a piece.
        max_broken, what, content: see `load_images`.

    Raises:
        UserError: more than `max_broken` of the files are broken, or all of them; all that could be
            read are silent.
    """
    length = round(seconds * RATE_HZ)
    read, broken = read_all(lambda path: _pieces(path, length, content), paths, max_broken, what)
    positions = [position for position, pieces in read.items() for _ in pieces]
    sounds = np.concatenate(list(read.values()))
    if sounds.max() <= SILENT and sounds.min() >= -SILENT:
        raise UserError(
            f"{what}: every sound is silent (files: {len(read)}, first: {paths[positions[0]]})",
            "check microphone and gain and record them again, or take them out",
        )
    return sounds, positions, broken


def check_sound(path: Path, content: Content = file_bytes) -> None:
    """Open one sound. Raises BrokenFileError where it cannot be read, or nothing is heard."""
    samples, _ = read_audio(path, content)
    if np.abs(samples.mean(axis=1)).max() * 32767 <= SILENT:
        raise BrokenFileError(path, "is silent")


def _pieces(path: Path, length: int, content: Content) -> Int16[np.ndarray, "piece time"]:
    samples, rate_hz = read_audio(path, content)
    mono = resampled(samples.mean(axis=1), rate_hz)
    count = max(1, int(len(mono) / length + 0.5))
    whole = np.zeros(count * length, np.float32)
    used = mono[: len(whole)]
    whole[: len(used)] = used
    return np.round(whole.clip(-1, 1) * 32767).astype(np.int16).reshape(count, length)


def resampled(
    samples: Float32[np.ndarray, " time"], rate_hz: int
) -> Float32[np.ndarray, " time_at_16_khz"]:
    """A sound at 16 kHz, by a polyphase filter that keeps what both rates can hold."""
    if rate_hz == RATE_HZ:
        return samples
    from scipy.signal import resample_poly

    shared = math.gcd(rate_hz, RATE_HZ)
    return resample_poly(samples, RATE_HZ // shared, rate_hz // shared).astype(np.float32)


def read_all(
    read: Callable[[Path], np.ndarray], paths: Sequence[Path], max_broken: float, what: str
) -> tuple[dict[int, np.ndarray], list[BrokenFileError]]:
    """What could be read, by position, and what could not; for `max_broken` and `what` see
    `load_images`.

    Raises:
        UserError: more than `max_broken` of the files are broken, or all of them.
    """

    def attempt(path: Path) -> np.ndarray | BrokenFileError:
        try:
            return read(path)
        except BrokenFileError as broken:
            return broken

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        results = list(pool.map(attempt, paths))
    broken = [result for result in results if isinstance(result, BrokenFileError)]
    if broken:
        judge_broken(broken, len(paths), max_broken, what)
    found = {n: each for n, each in enumerate(results) if not isinstance(each, BrokenFileError)}
    return found, broken


def judge_broken(
    broken: Sequence[BrokenFileError], total: int, max_broken: float, what: str
) -> None:
    """Name the broken files in the log, or stop.

    Raises:
        UserError: they are more than `max_broken` of `total`, or all of it.
    """
    named = "; ".join(str(file) for file in broken[:NAMED_IN_MESSAGE])
    if len(broken) > NAMED_IN_MESSAGE:
        named += f"; and {len(broken) - NAMED_IN_MESSAGE} more"
    share = len(broken) / total
    if len(broken) == total:
        raise UserError(f"{what}: none of {total} files can be read: {named}", "replace the files")
    if share > max_broken:
        raise UserError(
            f"{what}: {len(broken)} of {total} files ({share:.1%}) cannot be read "
            f"(limit {max_broken:.1%}): {named}",
            f"replace or delete them, or tolerate them with data.max_broken={share + 0.005:.2f}",
        )
    _log.warning(
        "%s: skipped %d of %d files that cannot be read: %s", what, len(broken), total, named
    )
