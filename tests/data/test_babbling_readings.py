"""A number that is none is refused where a part is read, with file, episode and frame."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nsca.data.babbling import Babbling
from nsca.data.babbling_readings import READINGS, check_readings
from nsca.errors import UserError
from nsca.worlds.tabletop.interaction import FRAMES

SHARD = "observations/train-00000.parquet"


def damage(root: Path, column: str, row: int, frame: int, value: float | None) -> tuple[int, int]:
    """Writes a value over the last number of a frame (None: over the row); its episode and
    interaction.
    """
    table = pq.read_table(root / SHARD)
    rows = table[column].to_pylist()
    if value is None:
        rows[row] = None
    else:
        numbers = np.reshape(rows[row], (FRAMES, -1))
        numbers[frame, -1] = value
        rows[row] = numbers.ravel().tolist()
    place = table.schema.get_field_index(column)
    kind = table.schema.field(column)
    pq.write_table(table.set_column(place, kind, pa.array(rows, kind.type)), root / SHARD)
    return table["episode"][row].as_py(), table["interaction"][row].as_py()


@pytest.mark.parametrize("column", READINGS)
@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_what_is_not_finite_is_named_and_refused(babbling_set: Path, column: str, value: float):
    assert len(Babbling(str(babbling_set)).moments("train")) > 0
    episode, interaction = damage(babbling_set, column, row=3, frame=5, value=value)
    with pytest.raises(UserError) as refusal:
        Babbling(str(babbling_set)).moments("train")
    cause = refusal.value.cause
    assert cause.startswith(f"{babbling_set / SHARD}: 1 of ")
    assert cause.endswith(
        f" numbers of {column} are not finite, the first in episode {episode}, interaction "
        f"{interaction}, frame 5 (0.25 s)"
    )
    assert f"nsca.babble with the set's own settings and path={babbling_set}" in (
        refusal.value.remedy
    )
    assert len(Babbling(str(babbling_set)).moments("val")) > 0


def test_labels_that_are_read_off_the_state_are_not_lost_silently(babbling_set: Path):
    damage(babbling_set, "object_state", row=0, frame=0, value=np.nan)
    with pytest.raises(UserError, match=r"1 of .* numbers of object_state"):
        Babbling(str(babbling_set)).probe_labels("train")


def test_a_row_without_readings_is_refused(babbling_set: Path):
    damage(babbling_set, "touch", row=2, frame=0, value=None)
    with pytest.raises(UserError, match="touch is missing in some rows"):
        Babbling(str(babbling_set)).moments("train")


@pytest.mark.parametrize(("column", "content"), [("audio", b""), ("audio", None), ("frames", b"x")])
def test_sounds_and_pictures_of_another_size_are_refused(babbling_set: Path, column, content):
    table = pq.read_table(babbling_set / SHARD)
    cells = table[column].to_pylist()
    cells[1] = content
    place = table.schema.get_field_index(column)
    cells = pa.array(cells, pa.binary())
    pq.write_table(table.set_column(place, table.schema.field(column), cells), babbling_set / SHARD)
    named = (
        f"{column} of episode {table['episode'][1]}, interaction {table['interaction'][1]} takes"
    )
    with pytest.raises(UserError, match=named):
        Babbling(str(babbling_set)).moments("train")


@pytest.mark.parametrize("numbers", [0, FRAMES * 13 - 13, FRAMES * 13 + 1])
def test_a_stream_of_another_length_is_refused(tmp_path: Path, numbers: int):
    states = [[0.0] * (FRAMES * 13), [0.0] * numbers]
    shard = pa.table({"episode": [4, 5], "interaction": [0, 3], "object_state": states})
    with pytest.raises(UserError, match=rf"episode 5, interaction 3 holds {numbers} numbers"):
        check_readings(shard, tmp_path, "a.parquet")


def test_rows_of_several_lengths_are_told_apart(tmp_path: Path):
    states = [np.zeros(FRAMES * 13), np.zeros(FRAMES * 26), np.zeros(FRAMES * 13)]
    states[1][26 * 7] = np.nan
    shard = pa.table(
        {"episode": [4, 4, 5], "interaction": [0, 1, 0], "object_state": [*map(list, states)]}
    )
    with pytest.raises(UserError, match=r"episode 4, interaction 1, frame 7 \(0.35 s\)"):
        check_readings(shard, tmp_path, "a.parquet")
    check_readings(shard.slice(2), tmp_path, "a.parquet")
    check_readings(shard.slice(0, 0), tmp_path, "a.parquet")
