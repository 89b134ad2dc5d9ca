"""Readings of a babbling set that are no numbers, and sounds and pictures of another size, are
refused where a part is read.

No generated set holds one: `nsca.data.babbling_tables` refuses to write it. A file that was changed
since would teach its NaN to every scale that is fitted on its column.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nsca.data.babbling_store import mend
from nsca.data.babbling_tables import STREAMS
from nsca.errors import UserError
from nsca.worlds.tabletop.interaction import (
    AUDIO_SAMPLES,
    FRAMES,
    FRAMES_PER_S,
    IMAGE_SIZE,
    STATE_WIDTH,
)

READINGS = (*STREAMS, "object_state")
BYTES = {"audio": 2 * AUDIO_SAMPLES, "frames": FRAMES * IMAGE_SIZE * IMAGE_SIZE * 3}


def check_readings(shard: pa.Table, root: Path, name: str) -> None:
    """Look at every number of the `READINGS` among the columns, and at the sizes of `BYTES`, once.

    Args:
        shard: with the columns episode and interaction.
        root: the set's folder.
        name: of the shard's file in it.

    Raises:
        UserError: a reading is missing, NaN or infinite, or another number of frames long, or
            sound or pictures are of another size; file, episode and interaction are named.
    """
    for column, size in BYTES.items():
        if column in shard.column_names:
            _check_bytes(shard, column, size, root, name)
    for column in [each for each in READINGS if each in shard.column_names]:
        lists = shard[column].combine_chunks()
        values = lists.flatten()
        if lists.null_count or values.null_count:
            raise UserError(f"{root / name}: {column} is missing in some rows", mend(root))
        lengths = pc.list_value_length(lists).to_numpy()
        whole = FRAMES * (STATE_WIDTH if column == "object_state" else 1)
        odd = (lengths % whole != 0) | (lengths == 0)
        if odd.any():
            row = int(np.argmax(odd))
            raise UserError(
                f"{root / name}: {column} of episode {shard['episode'][row]}, interaction "
                f"{shard['interaction'][row]} holds {lengths[row]} numbers, which are not {FRAMES} "
                "frames",
                mend(root),
            )
        fine = np.isfinite(values.to_numpy())
        if not fine.all():
            ends = np.cumsum(lengths)
            first = int(np.argmin(fine))
            row = int(np.searchsorted(ends, first, side="right"))
            start = int(ends[row - 1]) if row else 0
            frame = (first - start) * FRAMES // int(ends[row] - start)
            count = int((~fine).sum())
            raise UserError(
                f"{root / name}: {count} of {len(fine)} numbers of {column} are not finite, the "
                f"first in episode {shard['episode'][row]}, interaction "
                f"{shard['interaction'][row]}, frame {frame} ({frame / FRAMES_PER_S:g} s)",
                mend(root),
            )


def _check_bytes(shard: pa.Table, column: str, size: int, root: Path, name: str) -> None:
    """A set without pictures has no bytes of them; every interaction has a sound."""
    lengths = pc.binary_length(shard[column])
    if column == "audio":
        lengths = lengths.fill_null(0)
    wrong = pc.fill_null(pc.not_equal(lengths, size), False).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(
            f"{root / name}: {column} of episode {shard['episode'][row]}, interaction "
            f"{shard['interaction'][row]} takes {lengths[row]} bytes, not {size}",
            mend(root),
        )
