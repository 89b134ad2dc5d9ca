"""Arrow columns straight from buffers.

`pyarrow.array` imports pandas (1 s and 100 MB in every worker) only to ask whether a value is one
of its series; arrays made of buffers need none of that.
"""

from collections.abc import Sequence, Sized

import numpy as np
import pyarrow as pa


def numbers(values: Sequence[float] | np.ndarray, kind: pa.DataType) -> pa.Array:
    """A column of numbers or truth values; None is not allowed."""
    if kind == pa.bool_():
        bits = np.packbits(np.asarray(values, np.uint8), bitorder="little")
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(bits.tobytes())])
    data = np.ascontiguousarray(values, dtype=kind.to_pandas_dtype())
    return pa.Array.from_buffers(kind, data.size, [None, pa.py_buffer(data)])


def texts(values: Sequence[str]) -> pa.Array:
    """A column of strings."""
    return _bytes([value.encode() for value in values], pa.string())


def blobs(values: Sequence[np.ndarray]) -> pa.Array:
    """A column of bytes, those of each array."""
    return _bytes([value.tobytes() for value in values], pa.binary())


def _bytes(values: Sequence[bytes], kind: pa.DataType) -> pa.Array:
    data = pa.py_buffer(b"".join(values))
    return pa.Array.from_buffers(kind, len(values), [None, _offsets(values), data])


def lists(values: Sequence[Sized], items: pa.Array) -> pa.Array:
    """A column of lists of any length; `items` holds all of their items, one after the other."""
    kind = pa.list_(items.type)
    return pa.Array.from_buffers(kind, len(values), [None, _offsets(values)], children=[items])


def fixed_lists(values: Sequence[np.ndarray], width: int) -> pa.Array:
    """A column of float32 lists of one length."""
    flat = numbers(np.concatenate([value.ravel() for value in values]), pa.float32())
    return pa.FixedSizeListArray.from_arrays(flat, width)


def _offsets(values: Sequence[Sized]) -> pa.Buffer:
    ends = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(value) for value in values], out=ends[1:])
    return pa.py_buffer(ends)
