"""A recorded interaction as an animation over the spectrogram of its sound, with the sound
itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int16, UInt8

from nsca.data.babbling_store import read_manifest, read_shards
from nsca.reporting.pictures import enlarged, gif, wav
from nsca.reporting.spectrogram import at_one_level, spectrogram_picture
from nsca.worlds.tabletop.interaction import AUDIO_RATE_HZ, FRAMES, FRAMES_PER_S, IMAGE_SIZE

FACTOR = 3
SPECTROGRAM_ROWS = 72


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
    events = record["events"] or []
    kinds = [str(event["kind"]) for event in events]
    words = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    return Rollout(
        primitive=primitive,
        utterance=str(record["utterance"]),
        events=words,
        animation=gif(with_spectrogram(frames, samples), FRAMES_PER_S),
        sound=wav(at_one_level(samples), AUDIO_RATE_HZ),
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
