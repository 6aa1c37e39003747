"""Arrays of numbers from PostgreSQL as NumPy's: what `array_send` gives is read where it lies. Pure."""

from typing import Final

import numpy as np
from numpy.typing import DTypeLike, NDArray

Numbers = NDArray[np.int64]

# An array as PostgreSQL sends it: a header of 20 bytes (of an empty one 12), then for each entry its length and value.
_HEADER: Final = 20
_EMPTY: Final = 12
_ENTRY: Final[dict[int, DTypeLike]] = {
    1: np.dtype([("length", ">i4"), ("value", "i1")]),
    2: np.dtype([("length", ">i4"), ("value", ">i2")]),
    4: np.dtype([("length", ">i4"), ("value", ">i4")]),
    8: np.dtype([("length", ">i4"), ("value", ">i8")]),
}


def numbers(sent: bytes) -> Numbers:
    """One array of whole numbers (of 2, 4 or 8 bytes) or booleans. Raises ValueError when it has nulls."""
    if len(sent) == _EMPTY:
        return np.empty(0, np.int64)
    width = int.from_bytes(sent[_HEADER : _HEADER + 4], "big")
    if int.from_bytes(sent[4:8], "big") or width not in _ENTRY:
        raise ValueError("an array of numbers without nulls was expected")
    return np.frombuffer(sent, _ENTRY[width], offset=_HEADER)["value"].astype(np.int64)


def table(sent: bytes, length: int) -> Numbers:
    """Arrays of `length` entries of 4 bytes each, one after the other, as the rows of a table.

    Raises ValueError for another length.
    """
    size = _HEADER + 8 * length
    if len(sent) % size:
        raise ValueError(f"arrays of {length} entries have {size} bytes each, these have {len(sent)} together")
    return np.frombuffer(sent, ">i4").reshape(-1, size // 4)[:, _HEADER // 4 + 1 :: 2].astype(np.int64)
