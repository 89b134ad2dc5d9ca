"""Columns made from buffers equal those that Arrow makes itself."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from nsca.data.arrow_columns import blobs, fixed_lists, lists, numbers, texts


@pytest.mark.parametrize("kind", [pa.int8(), pa.int16(), pa.int32(), pa.float32(), pa.float64()])
def test_numbers(kind: pa.DataType) -> None:
    assert numbers([1, -2, 3], kind).equals(pa.array([1, -2, 3], kind))
    assert numbers([], kind).equals(pa.array([], kind))


def test_truth_values() -> None:
    values = [True, False, False, True, True, False, True, False, True, True]
    assert numbers(values, pa.bool_()).equals(pa.array(values))


def test_texts_and_blobs() -> None:
    words = ["", "hand", "Müller", "物"]
    assert texts(words).equals(pa.array(words))
    assert texts([]).equals(pa.array([], pa.string()))
    arrays = [np.arange(6, dtype=np.uint8).reshape(2, 3), np.array([258], "<i2")]
    assert blobs(arrays).equals(pa.array([bytes(range(6)), b"\x02\x01"], pa.binary()))


def test_lists() -> None:
    words = [["a"], [], ["b", "c"]]
    made = lists(words, texts([word for part in words for word in part]))
    assert made.equals(pa.array(words, made.type))
    made.validate(full=True)
    rows = [np.ones((2, 3), np.float32), np.arange(6, dtype=np.float32).reshape(2, 3)]
    made = fixed_lists(rows, 6)
    assert made.to_pylist() == [[1.0] * 6, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]]


def test_pandas_stays_out() -> None:
    code = (
        "import sys, pyarrow.parquet; from nsca.data.arrow_columns import *; "
        "texts(['a']); numbers([1.0], pa.float32()); fixed_lists([np.ones(2)], 2); "
        "raise SystemExit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
