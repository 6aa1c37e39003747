"""Adds histograms as PostgreSQL sends them: a whole one at a time, as one large number. Pure.

`array_send` gives an integer[] as a header of 20 bytes and then, for each entry, its length (4) and its value, four
bytes each. Read as one number, such rows add up lane by lane: a sum of values that outgrows its four bytes carries into
the length beside it, where it is found again, since the lengths add up to four times the rows. A day's 1,440 minutes
are added in a few milliseconds, where lists of integers took a tenth of a second.
"""

import struct
from typing import Final

STEPS: Final = 101
_HEADER: Final = 20
_BYTES: Final = 8 * STEPS
_LANES: Final = struct.Struct(f">{2 * STEPS}I")
_VALUES: Final = struct.Struct(">" + STEPS * "4xI")
# The lanes of the lengths, and what stands in them after one row.
_LENGTHS: Final = int.from_bytes(STEPS * b"\xff\xff\xff\xff\0\0\0\0", "big")
_ONE_ROW: Final = int.from_bytes(STEPS * b"\0\0\0\4\0\0\0\0", "big")


class HistogramSum:
    """The sum of histograms of 101 entries."""

    def __init__(self) -> None:
        self._total = 0
        self._rows = 0

    def add(self, sent: bytes) -> None:
        """`sent` is `array_send` of an integer[] of 101 entries without nulls. Raises ValueError for another one."""
        if len(sent) != _HEADER + _BYTES:
            raise ValueError(f"a histogram of {STEPS} steps has {_HEADER + _BYTES} bytes, not {len(sent)}")
        self._total += int.from_bytes(sent[_HEADER:], "big")
        self._rows += 1

    def counts(self) -> list[int]:
        """The added entries; empty when nothing was added."""
        if not self._rows:
            return []
        sent = self._total.to_bytes(_BYTES, "big")
        if self._total & _LENGTHS == self._rows * _ONE_ROW:  # nothing was carried: so it is below 4,000,000,000 a step
            return list(_VALUES.unpack(sent))
        lanes, plain = _LANES.unpack(sent), 4 * self._rows
        return [value + ((length - plain) << 32) for length, value in zip(lanes[::2], lanes[1::2], strict=True)]
