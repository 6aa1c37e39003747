"""From thousands of samples to at most so many points, with every column's extremes kept and gaps left open. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from sandboxes.metrics.series.arrays import Numbers

Value = TypeVar("Value", int, float)

GAP_STEPS: Final = 3  # without a sample for longer than so many steps, the line is broken


class Points(NamedTuple):
    """Samples on their way to a chart, an entry each; `step` is the usual distance (s) of samples where one is from.

    CPU in hundredths of a percent, memory and disk in KiB.
    """

    unix: Numbers
    step: Numbers
    cpu: Numbers
    mem: Numbers
    disk: Numbers

    def at(self, places: NDArray[np.generic]) -> "Points":
        """Those entries alone, in that order."""
        return Points(*(column[places] for column in self))


def together(parts: Sequence[Points]) -> Points:
    """All their entries, one part after the other."""
    nothing = Points(*(np.empty(0, np.int64) for _ in Points._fields))
    return Points(*(np.concatenate(columns) for columns in zip(nothing, *parts, strict=True)))


class Columns(msgspec.Struct, frozen=True):
    """Columns of one sandbox: Unix seconds (the backend's clock), percent, bytes; None in all three at a gap.

    `disk_used` is None where the agent inside told none.
    """

    t: list[int]
    cpu_pct: list[float | None]
    mem_used: list[int | None]
    disk_used: list[int | None]


def thin(points: Points, most: int) -> Columns:
    """`points` in order of time as at most `most` entries, gaps included; all of them when they fit.

    Else the span is cut into equal buckets of two entries each: for every column its least and its greatest value, in
    the order in which they came. So a spike of one sample stays, moved by less than a bucket.
    """
    gaps = _gaps(points, 0)
    if len(points.unix) + len(gaps) <= most:
        return _columns(points, gaps)
    # A bucket gives two entries, and one more when a gap comes before it.
    since = points.unix - points.unix[0]
    width = max(1, -(-(int(since[-1]) + 1) // max(1, most // 3)))
    thinned = _ends(points, np.flatnonzero(np.diff(since // width, prepend=-1)))
    return _columns(thinned, _gaps(thinned, width))


def _gaps(points: Points, width: int) -> Numbers:
    """The places of the entries that come after a gap."""
    usual = GAP_STEPS * np.maximum(points.step[:-1], points.step[1:])
    return np.flatnonzero(np.diff(points.unix) > np.maximum(usual, width)) + 1


def _ends(points: Points, first: Numbers) -> Points:
    """Of each bucket (`first` are the places where they begin) two entries; of one sample, that."""
    last = np.append(first[1:], len(points.unix)) - 1
    both = np.stack([first, last], axis=1)
    kept = np.stack([np.ones_like(first, bool), first != last], axis=1)
    values = (_extremes(column, first) for column in points[2:])
    return Points(*(pairs[kept] for pairs in (points.unix[both], points.step[both], *values)))


def _extremes(values: Numbers, first: Numbers) -> Numbers:
    """The least and the greatest value of each bucket, in the order in which they came."""
    number = len(values)
    place = np.arange(number)
    # Value and place in one number: so the least one's place comes with it, the first of equal ones.
    least, at_least = np.divmod(np.minimum.reduceat(values * number + place, first), number)
    most, from_end = np.divmod(np.maximum.reduceat(values * number + (number - 1 - place), first), number)
    in_order = at_least <= number - 1 - from_end
    return np.stack([np.where(in_order, least, most), np.where(in_order, most, least)], axis=1)


def _columns(points: Points, gaps: Numbers) -> Columns:
    """An entry without figures stands before each entry that comes after a gap."""
    before = points.unix[gaps - 1]
    times = before + np.minimum(points.step[gaps - 1], points.unix[gaps] - before - 1)
    empty = gaps + np.arange(len(gaps))
    cpu, mem, disk = (np.insert(column, gaps, 0) for column in points[2:])
    return Columns(
        t=np.insert(points.unix, gaps, times).tolist(),
        cpu_pct=_without((cpu / 100).tolist(), empty),
        mem_used=_without((mem * 1024).tolist(), empty),
        disk_used=_without((disk * 1024).tolist(), np.flatnonzero(disk == 0)),
    )


def _without(values: Sequence[Value], places: Numbers) -> list[Value | None]:
    found: list[Value | None] = list(values)
    for place in places.tolist():
        found[place] = None
    return found
