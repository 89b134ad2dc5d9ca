"""What a babbling data set's Parquet tables hold: columns, shapes, units.

Pictures and sound are raw bytes (uint8 [32, 64, 64, 3], little-endian int16 [25600]): zstd finds
the still background by itself. No column depends on when or where it was made.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from nsca.data.arrow_columns import blobs, fixed_lists, lists, numbers, texts
from nsca.worlds.tabletop.interaction import (
    ACTION_NAMES,
    AUDIO_RATE_HZ,
    AUDIO_SAMPLES,
    FRAMES,
    FRAMES_PER_S,
    IMAGE_SIZE,
    PROPRIOCEPTION_NAMES,
    STATE_WIDTH,
    TOUCH_NAMES,
    EpisodeRecord,
    Event,
    Interaction,
    ObjectRecord,
)

SCHEMA_VERSION = 1
STREAMS = {
    "touch": TOUCH_NAMES,
    "proprioception": PROPRIOCEPTION_NAMES,
    "action": ACTION_NAMES,
}
PARAMETERS = ("direction_rad", "speed_m_s", "height_m", "force_n")
_EVENT = pa.struct(
    [
        ("time_s", pa.float32()),
        ("kind", pa.string()),
        ("a", pa.string()),
        ("b", pa.string()),
        ("magnitude", pa.float32()),
    ]
)
OBSERVATION_SCHEMA = pa.schema(
    [
        ("episode", pa.int32()),
        ("interaction", pa.int16()),
        ("object_set", pa.string()),
        ("instance_ids", pa.list_(pa.string())),
        ("primitive", pa.string()),
        *((name, pa.float32()) for name in PARAMETERS),
        ("spawn", pa.string()),
        ("target", pa.int8()),
        ("frames", pa.binary()),
        ("audio", pa.binary()),
        *((name, pa.list_(pa.float32(), FRAMES * len(c))) for name, c in STREAMS.items()),
        ("object_state", pa.list_(pa.float32())),
        ("events", pa.list_(_EVENT)),
        ("utterance", pa.string()),
        ("first_contact_frame", pa.int16()),
    ],
    metadata={
        "nsca_schema_version": str(SCHEMA_VERSION),
        "nsca_shapes": json.dumps(
            {
                "frames": [FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3],
                "frames_per_s": FRAMES_PER_S,
                "audio": [AUDIO_SAMPLES],
                "audio_rate_hz": AUDIO_RATE_HZ,
                **{name: [FRAMES, len(columns)] for name, columns in STREAMS.items()},
                **{f"{name}_columns": columns for name, columns in STREAMS.items()},
                "object_state": [FRAMES, "objects", STATE_WIDTH],
            }
        ),
    },
)


@dataclass(frozen=True)
class StoredEpisode:
    """An episode with its number in the set."""

    number: int
    object_set: str
    record: EpisodeRecord


def audio_to_int16(audio: np.ndarray) -> np.ndarray:
    """Sound in [-1, 1] as little-endian int16; `audio_from_int16` takes it back."""
    return np.round(np.clip(audio, -1.0, 1.0) * 32767.0).astype("<i2")


def audio_from_int16(audio: np.ndarray) -> np.ndarray:
    """Stored sound as float32 in [-1, 1]."""
    return audio.astype(np.float32) / np.float32(32767.0)


def observation_table(episodes: Sequence[StoredEpisode]) -> pa.Table:
    """One row an interaction.

    Raises:
        ValueError: an array of the wrong shape, or a number that is not finite.
    """
    rows = [
        (episode, number, interaction)
        for episode in episodes
        for number, interaction in enumerate(episode.record.interactions)
    ]
    interactions = [interaction for _, _, interaction in rows]
    for interaction in interactions:
        _check(interaction)
    if not rows:
        return OBSERVATION_SCHEMA.empty_table()
    ids = [[thing.instance_id for thing in episode.record.objects] for episode, _, _ in rows]
    states = [i.object_state.ravel() for i in interactions]
    columns: dict[str, pa.Array] = {
        "episode": numbers([episode.number for episode, _, _ in rows], pa.int32()),
        "interaction": numbers([number for _, number, _ in rows], pa.int16()),
        "object_set": texts([episode.object_set for episode, _, _ in rows]),
        "instance_ids": lists(ids, texts([name for names in ids for name in names])),
        "primitive": texts([i.primitive for i in interactions]),
        **{n: numbers([i.parameters[n] for i in interactions], pa.float32()) for n in PARAMETERS},
        "spawn": texts([i.spawn for i in interactions]),
        "target": numbers([i.target for i in interactions], pa.int8()),
        "frames": _pictures(interactions),
        "audio": blobs([audio_to_int16(i.audio) for i in interactions]),
        **{
            name: fixed_lists([getattr(i, name) for i in interactions], FRAMES * len(names))
            for name, names in STREAMS.items()
        },
        "object_state": lists(states, numbers(np.concatenate(states), pa.float32())),
        "events": _events([i.events for i in interactions]),
        "utterance": texts([i.utterance for i in interactions]),
        "first_contact_frame": numbers([i.first_contact_frame for i in interactions], pa.int16()),
    }
    arrays = [columns[field.name].cast(field.type) for field in OBSERVATION_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=OBSERVATION_SCHEMA)


def _pictures(interactions: Sequence[Interaction]) -> pa.Array:
    drawn = [i.frames for i in interactions if i.frames is not None]
    if len(drawn) == len(interactions):
        return blobs(drawn)
    if drawn:
        raise ValueError("some interactions of a shard have pictures and some have none")
    return pa.nulls(len(interactions), pa.binary())


def _events(events: Sequence[Sequence[Event]]) -> pa.Array:
    flat = [event for part in events for event in part]
    columns = [
        numbers([event.time_s for event in flat], pa.float32()),
        texts([event.kind for event in flat]),
        texts([event.a for event in flat]),
        texts([event.b for event in flat]),
        numbers([event.magnitude for event in flat], pa.float32()),
    ]
    return lists(events, pa.StructArray.from_arrays(columns, fields=list(_EVENT)))


def _check(interaction: Interaction) -> None:
    expected: dict[str, tuple[int, ...]] = {
        name: (FRAMES, len(columns)) for name, columns in STREAMS.items()
    }
    expected["audio"] = (AUDIO_SAMPLES,)
    for name, shape in expected.items():
        if getattr(interaction, name).shape != shape:
            raise ValueError(f"{name} has shape {getattr(interaction, name).shape}, not {shape}")
    for name in (*expected, "object_state"):
        if not np.isfinite(getattr(interaction, name)).all():
            raise ValueError(f"{name} holds a number that is not finite")
    frames = interaction.frames
    if frames is not None and frames.shape != (FRAMES, IMAGE_SIZE, IMAGE_SIZE, 3):
        raise ValueError(f"frames have shape {frames.shape}")


def object_tables(episodes: Sequence[StoredEpisode]) -> tuple[pa.Table, pa.Table]:
    """Labels (kind, visible attributes) and privileged properties, one row an object."""
    rows = [
        (episode.number, index, thing)
        for episode in episodes
        for index, thing in enumerate(episode.record.objects)
    ]
    return _attributes(rows, "visible"), _attributes(rows, "hidden")


def _attributes(
    rows: Sequence[tuple[int, int, ObjectRecord]], which: Literal["visible", "hidden"]
) -> pa.Table:
    names = list(dict.fromkeys(name for _, _, thing in rows for name in getattr(thing, which)))
    columns: dict[str, pa.Array] = {
        "episode": numbers([episode for episode, _, _ in rows], pa.int32()),
        "object": numbers([index for _, index, _ in rows], pa.int8()),
        "instance_id": texts([thing.instance_id for _, _, thing in rows]),
    }
    if which == "visible":
        columns["kind"] = texts([thing.kind for _, _, thing in rows])
    for name in names:
        values = [getattr(thing, which)[name] for _, _, thing in rows]
        columns[name] = _attribute(values)
    metadata = {"nsca_schema_version": str(SCHEMA_VERSION)}
    schema = pa.schema([(name, column.type) for name, column in columns.items()], metadata)
    return pa.Table.from_arrays(list(columns.values()), schema=schema)


def _attribute(values: Sequence[str | bool | np.bool_ | float | np.number]) -> pa.Array:
    """One type a column, whatever the shard: all numbers are float64."""
    if isinstance(values[0], str):
        return texts([str(value) for value in values])
    if isinstance(values[0], bool | np.bool_):
        return numbers([bool(value) for value in values], pa.bool_())
    return numbers([float(value) for value in values], pa.float64())
