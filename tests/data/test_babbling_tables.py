"""What goes into the tables comes out again, and what does not belong there is refused."""

import json
import types
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nsca.data.babbling_store import write_parquet
from nsca.data.babbling_tables import (
    OBSERVATION_SCHEMA,
    PARAMETERS,
    STREAMS,
    StoredEpisode,
    audio_from_int16,
    audio_to_int16,
    object_tables,
    observation_table,
)
from nsca.worlds.tabletop.interaction import Event, Interaction, ObjectRecord


@pytest.fixture
def episodes(synthetic_world: types.ModuleType) -> list[StoredEpisode]:
    """Two episodes of two interactions; the second has two objects and one quiet interaction."""
    records = [synthetic_world.run_episode(0, number, "A", 2, True, None) for number in (4, 7)]
    things = synthetic_world.run_episode(0, 8, "A", 1, False, None).objects
    records[1].objects.extend(things)
    for interaction in records[1].interactions:
        interaction.object_state = np.repeat(interaction.object_state, 2, axis=1)
        interaction.object_state[:, 1, 1] = 0.25
    records[1].interactions[0].events.clear()
    records[1].interactions[1].target = 1
    records[1].interactions[1].events.append(Event(1.5, "break", "object0", "table", 0.7))
    return [StoredEpisode(n, "A", record) for n, record in zip((4, 7), records, strict=True)]


def interactions_of(episodes: list[StoredEpisode]) -> list[Interaction]:
    return [interaction for episode in episodes for interaction in episode.record.interactions]


def stored(table: pa.Table, root: Path) -> pa.Table:
    write_parquet(table, root, "observations/train-00000.parquet")
    return pq.read_table(root / "observations" / "train-00000.parquet")


@pytest.mark.parametrize("render", [True, False])
def test_interactions_come_back_as_they_were(
    episodes: list[StoredEpisode], tmp_path: Path, render: bool
) -> None:
    interactions = interactions_of(episodes)
    if not render:
        for interaction in interactions:
            interaction.frames = None
    table = stored(observation_table(episodes), tmp_path)
    assert table.schema.equals(OBSERVATION_SCHEMA)
    assert table.schema.metadata == OBSERVATION_SCHEMA.metadata
    rows = table.to_pylist()
    shapes = json.loads(table.schema.metadata[b"nsca_shapes"])
    assert [(row["episode"], row["interaction"]) for row in rows] == [
        (4, 0),
        (4, 1),
        (7, 0),
        (7, 1),
    ]
    assert [len(row["instance_ids"]) for row in rows] == [1, 1, 2, 2]
    for row, interaction in zip(rows, interactions, strict=True):
        for name in ("primitive", "spawn", "target", "utterance", "first_contact_frame"):
            assert row[name] == getattr(interaction, name)
        for name in PARAMETERS:
            assert row[name] == np.float32(interaction.parameters[name])
        for name in STREAMS:
            values = np.array(row[name], np.float32).reshape(shapes[name])
            assert np.array_equal(values, getattr(interaction, name))
            assert len(shapes[f"{name}_columns"]) == shapes[name][1]
        state = np.array(row["object_state"], np.float32).reshape(32, -1, 13)
        assert np.array_equal(state, interaction.object_state)
        sound = audio_from_int16(np.frombuffer(row["audio"], "<i2"))
        assert sound.shape == tuple(shapes["audio"])
        assert np.abs(sound - interaction.audio).max() < 2e-5
        events = [Event(**event) for event in row["events"]]
        assert [(e.kind, e.a, e.b) for e in events] == [
            (e.kind, e.a, e.b) for e in interaction.events
        ]
        assert [e.magnitude for e in events] == [
            pytest.approx(e.magnitude) for e in interaction.events
        ]
        if render:
            pictures = np.frombuffer(row["frames"], np.uint8).reshape(shapes["frames"])
            assert np.array_equal(pictures, interaction.frames)
        else:
            assert row["frames"] is None


def test_the_audio_round_trip_is_fine_to_16_bits() -> None:
    audio = np.linspace(-1, 1, 1001, dtype=np.float32)
    assert np.abs(audio_from_int16(audio_to_int16(audio)) - audio).max() < 2e-5


def test_sound_too_loud_is_cut_off_and_does_not_wrap_round() -> None:
    assert audio_to_int16(np.array([1.5, -7.0], np.float32)).tolist() == [32767, -32767]
    assert audio_to_int16(np.array([1 / 32767], np.float32)).tobytes() == b"\x01\x00"


def test_pictures_of_some_interactions_only_are_refused(episodes: list[StoredEpisode]) -> None:
    interactions_of(episodes)[2].frames = None
    with pytest.raises(ValueError, match="some have none"):
        observation_table(episodes)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("touch", np.zeros((32, 5), np.float32), r"touch has shape \(32, 5\), not \(32, 6\)"),
        ("action", np.zeros((31, 6), np.float32), "action has shape"),
        ("audio", np.zeros(25_599, np.float32), r"not \(25600,\)"),
        ("audio", np.full(25_600, np.nan, np.float32), "audio holds a number that is not finite"),
        ("proprioception", np.full((32, 18), np.inf, np.float32), "proprioception holds"),
        ("object_state", np.full((32, 1, 13), np.nan, np.float32), "object_state holds"),
        ("frames", np.zeros((32, 32, 32, 3), np.uint8), "frames have shape"),
    ],
)
def test_arrays_that_no_reader_expects_are_refused(
    episodes: list[StoredEpisode], name: str, value: np.ndarray, said: str
) -> None:
    setattr(interactions_of(episodes)[1], name, value)
    with pytest.raises(ValueError, match=said):
        observation_table(episodes)


def test_no_episodes_are_an_empty_table_of_the_same_schema(tmp_path: Path) -> None:
    table = stored(observation_table([]), tmp_path)
    assert table.num_rows == 0
    assert table.schema.equals(OBSERVATION_SCHEMA)
    assert table.schema.metadata == OBSERVATION_SCHEMA.metadata
    assert [table.num_rows for table in object_tables([])] == [0, 0]


def test_labels_and_privileged_properties_are_kept_apart(episodes: list[StoredEpisode]) -> None:
    labels, privileged = object_tables(episodes)
    shared = {"episode", "object", "instance_id"}
    assert set(labels.column_names) & set(privileged.column_names) == shared
    assert {"kind", "shape", "size_m"} <= set(labels.column_names)
    assert set(privileged.column_names) - shared == {"hardness", "break_impulse_n_s"}
    assert not {"kind", "shape", "hardness"} & set(OBSERVATION_SCHEMA.names)
    where = [(4, 0), (7, 0), (7, 1)]
    assert [(row["episode"], row["object"]) for row in labels.to_pylist()] == where
    things = [thing for episode in episodes for thing in episode.record.objects]
    for label, hidden, thing in zip(
        labels.to_pylist(), privileged.to_pylist(), things, strict=True
    ):
        assert label["instance_id"] == hidden["instance_id"] == thing.instance_id
        assert label["kind"] == thing.kind
        assert {name: label[name] for name in thing.visible} == thing.visible
        assert {name: hidden[name] for name in thing.hidden} == thing.hidden


def test_every_column_has_the_same_type_in_every_shard(episodes: list[StoredEpisode]) -> None:
    thing = episodes[0].record.objects[0]

    def types_for(**visible: object) -> dict[str, pa.DataType]:
        episodes[0].record.objects[:] = [
            ObjectRecord(thing.instance_id, thing.kind, visible, thing.hidden)
        ]
        labels, _ = object_tables(episodes[:1])
        return {name: labels.schema.field(name).type for name in visible}

    whole = types_for(size_m=1, hollow=True, shape="box")
    assert whole == {"size_m": pa.float64(), "hollow": pa.bool_(), "shape": pa.string()}
    assert types_for(size_m=np.float32(0.5), hollow=np.bool_(False), shape="tee") == whole
