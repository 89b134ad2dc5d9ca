"""A recorded interaction as an animation over the spectrogram of its sound, with the sound
itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int16, UInt8

from nsca.data.babbling_store import read_manifest, read_shards
from nsca.reporting.pictures import enlarged, gif, wav
from nsca.worlds.tabletop.interaction import AUDIO_RATE_HZ, FRAMES, FRAMES_PER_S, IMAGE_SIZE

FACTOR = 3
SPECTROGRAM_ROWS = 72
BANDS = 48
LOWEST_HZ, HIGHEST_HZ = 60.0, 7600.0
FLOOR_DB = -70.0


@dataclass(frozen=True)
class Rollout:
    """One interaction to show: animation and sound as data URIs, and what happened in words."""

    primitive: str
    utterance: str
    events: str
    animation: str
    sound: str


def rollouts(path: Path, split: str, primitives: Sequence[str]) -> list[Rollout]:
    """The loudest interaction of each primitive among the first shard of a split.

    Raises:
        UserError: no data set there, or one that is broken.
    """
    manifest = read_manifest(path)
    columns = ["primitive", "frames", "audio", "utterance", "events"]
    for table in read_shards(path, manifest, "observations", split, columns):
        names = table["primitive"].to_pylist()
        shown = []
        for primitive in primitives:
            rows = [row for row, name in enumerate(names) if name == primitive]
            rows = [row for row in rows if table["frames"][row].is_valid]
            if not rows:
                continue
            sounds = {row: _samples(table["audio"][row].as_py()) for row in rows}
            best = max(rows, key=lambda row: float(np.abs(sounds[row].astype(np.float32)).sum()))
            record = {name: table[name][best].as_py() for name in columns}
            frames = np.frombuffer(record["frames"], np.uint8)
            frames = frames.reshape(FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3)
            shown.append(_rollout(primitive, frames, sounds[best], record))
        return shown
    return []


def _samples(blob: bytes) -> Int16[np.ndarray, " sample"]:
    return np.frombuffer(blob, "<i2").astype(np.int16)


def _rollout(
    primitive: str,
    frames: UInt8[np.ndarray, "frame height width 3"],
    samples: Int16[np.ndarray, " sample"],
    record: dict,
) -> Rollout:
    loudest = float(np.abs(samples.astype(np.float32)).max() / 32768)
    events = record["events"] or []
    kinds = [str(event["kind"]) for event in events]
    words = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    # Played as recorded a soft touch would be inaudible beside a blow; each is raised to one level.
    gain = min(0.8 / loudest, 30.0) if loudest > 0 else 1.0
    played = (samples.astype(np.float32) * gain).clip(-32767, 32767).astype(np.int16)
    return Rollout(
        primitive=primitive,
        utterance=str(record["utterance"]),
        events=words,
        animation=gif(with_spectrogram(frames, samples), FRAMES_PER_S),
        sound=wav(played, AUDIO_RATE_HZ),
    )


def with_spectrogram(
    frames: UInt8[np.ndarray, "frame height width 3"], samples: Int16[np.ndarray, " sample"]
) -> list[UInt8[np.ndarray, "tall wide 3"]]:
    """Each frame over the spectrogram of the whole sound, a line at the frame's time."""
    width = frames.shape[2] * FACTOR
    picture = spectrogram_picture(samples, width, SPECTROGRAM_ROWS)
    shown = []
    for index, frame in enumerate(frames):
        below = picture.copy()
        left = round(index * width / len(frames))
        below[:, left : left + 2] = 255
        shown.append(np.concatenate([enlarged(frame, FACTOR), below], axis=0))
    return shown


def spectrogram_picture(
    samples: Int16[np.ndarray, " sample"], width: int, height: int
) -> UInt8[np.ndarray, "height width 3"]:
    """Power over time (left to right, the whole sound) and log frequency (60 Hz to 7.6 kHz,
    upward).

    Colour is decibels below the sound's own maximum, down to -70 dB.
    """
    from matplotlib import colormaps

    power = band_power(samples.astype(np.float32) / 32768)
    decibel = 10 * np.log10(np.maximum(power, 1e-12))
    level = ((decibel - decibel.max()) / -FLOOR_DB + 1).clip(0, 1)
    if power.max() < 1e-10:
        level[:] = 0  # silence has no maximum to compare with
    rows = (np.arange(height)[::-1] * level.shape[0]) // height
    columns = (np.arange(width) * level.shape[1]) // width
    colours = colormaps["magma"](level[rows][:, columns])
    return (colours[..., :3] * 255).round().astype(np.uint8)


def band_power(
    samples: Float32[np.ndarray, " sample"], window: int = 512, hop: int = 128
) -> Float32[np.ndarray, "band time"]:
    """Mean power in logarithmic frequency bands, low to high, per hop (Hann window)."""
    padded = np.pad(samples, (window // 2, window // 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    spectrum = np.abs(np.fft.rfft(windows * np.hanning(window), axis=1)) ** 2
    frequencies = np.fft.rfftfreq(window, 1 / AUDIO_RATE_HZ)
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1)
    centres = np.sqrt(edges[:-1] * edges[1:])
    bands = []
    for low, high, centre in zip(edges[:-1], edges[1:], centres, strict=True):
        inside = (frequencies >= low) & (frequencies < high)
        if not inside.any():  # low bands are narrower than the resolution: take the nearest line
            inside = np.zeros_like(inside)
            inside[np.abs(frequencies - centre).argmin()] = True
        bands.append(spectrum[:, inside].mean(1))
    return np.stack(bands).astype(np.float32)
