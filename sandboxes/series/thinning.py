"""From thousands of samples to at most so many points, with every column's extremes kept and gaps left open. Pure."""

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

GAP_STEPS: Final = 3  # without a sample for longer than so many steps, the line is broken


class Point(NamedTuple):
    """A sample on its way to a chart; `step` is the usual distance (s) of samples where it comes from."""

    unix: int
    step: int
    cpu: int
    mem: int
    disk: int


class Columns(msgspec.Struct, frozen=True):
    """Columns of one sandbox: Unix seconds (the backend's clock), percent, bytes; None in all three at a gap.

    `disk_used` is None where the agent inside told none.
    """

    t: list[int]
    cpu_pct: list[float | None]
    mem_used: list[int | None]
    disk_used: list[int | None]


def thin(points: Sequence[Point], most: int) -> Columns:
    """`points` in order of time as at most `most` entries, gaps included; all of them when they fit.

    Else the span is cut into equal buckets of two entries each: for every column its least and its greatest value, in
    the order in which they came. So a spike of one sample stays, moved by less than a bucket.
    """
    gaps = sum(_is_gap(before, point, 0) for before, point in itertools.pairwise(points))
    if len(points) + gaps <= most:
        return _columns(points, 0)
    # A bucket gives two entries, and one more when a gap comes before it.
    width = max(1, -(-(points[-1].unix - points[0].unix + 1) // max(1, most // 3)))
    buckets: list[list[Point]] = []
    for point in points:
        if buckets and (point.unix - points[0].unix) // width == (buckets[-1][0].unix - points[0].unix) // width:
            buckets[-1].append(point)
        else:
            buckets.append([point])
    return _columns([end for bucket in buckets for end in _ends(bucket)], width)


def _is_gap(before: Point, point: Point, width: int) -> bool:
    return point.unix - before.unix > max(GAP_STEPS * max(before.step, point.step), width)


def _ends(bucket: list[Point]) -> list[Point]:
    if len(bucket) == 1:
        return bucket
    first, last = bucket[0], bucket[-1]
    columns = [_extremes([point[place] for point in bucket]) for place in range(2, len(Point._fields))]
    return [Point(first.unix, first.step, *(pair[0] for pair in columns)),
            Point(last.unix, last.step, *(pair[1] for pair in columns))]  # fmt: skip


def _extremes(values: list[int]) -> tuple[int, int]:
    least, most = min(values), max(values)
    return (least, most) if values.index(least) <= values.index(most) else (most, least)


def _columns(points: Sequence[Point], width: int) -> Columns:
    columns = Columns([], [], [], [])
    before: Point | None = None
    for point in points:
        if before and _is_gap(before, point, width):
            _append(columns, before.unix + min(before.step, point.unix - before.unix - 1), None)
        _append(columns, point.unix, point)
        before = point
    return columns


def _append(columns: Columns, unix: int, point: Point | None) -> None:
    columns.t.append(unix)
    columns.cpu_pct.append(point.cpu / 100 if point else None)
    columns.mem_used.append(point.mem * 1024 if point else None)
    columns.disk_used.append(point.disk * 1024 or None if point else None)
