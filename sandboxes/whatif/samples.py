"""Samples of the stored past as minutes: arrays come as PostgreSQL holds them and are taken apart without a loop."""

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import groupby, pairwise
from operator import itemgetter
from sys import byteorder
from typing import Any, Final

from django.db import connection

from sandboxes.whatif.idle import MOST_SAMPLES, Minutes

_HEAD: Final = 20  # of a one-dimensional array in PostgreSQL's binary form (`array_send`)
_CELL: Final = 6  # of a smallint in it: four bytes of length, two of value, the upper first
_HOUR: Final = 60
Cells = tuple[int, bytes, bytes, bytes]


def minutes_of(keys: Collection[int], start: datetime, end: datetime) -> dict[int, Minutes]:
    """The samples from the hour of `start` to `end` by the minute, per sandbox; hours not rolled up are added up here.

    Several samples of one minute count with their maximum. One without any sample is left out.
    """
    given: dict[str, Any] = {"keys": list(keys), "start": start, "end": end}
    with connection.cursor() as cursor:
        cursor.execute(_MINUTES, given)
        rolled = cursor.fetchall()
        cursor.execute(_NOT_ROLLED, given)
        fresh = cursor.fetchall()
    hours: list[tuple[int, Cells]] = [(key, _rolled(hour, *arrays)) for key, hour, *arrays in rolled]
    hours += [(key, _added_up(hour, *arrays)) for key, hour, *arrays in fresh]
    hours.sort(key=itemgetter(0))
    return {key: _joined(cells for _, cells in of_it) for key, of_it in groupby(hours, key=itemgetter(0))}


def _joined(hours: Iterable[Cells]) -> Minutes:
    """Hours in order of time, the rest filled with empty minutes; of an hour that is held twice the later is left."""
    held = {first: (samples, upper, lower) for first, samples, upper, lower in hours}
    start, last = min(held), max(held)
    columns: list[list[bytes]] = [[], [], []]
    empty = bytes(_HOUR)
    for first in range(start, last + 1, _HOUR):
        for column, part in zip(columns, held.get(first, (empty, empty, empty)), strict=True):
            column.append(part)
    return Minutes(start, *(b"".join(column) for column in columns))


def _rolled(hour: int, steps: bytes | None, samples: bytes, cpu: bytes) -> Cells:
    """An hour of SeriesMinutes; without `steps` it has all sixty."""
    parts = _low(samples), _high(cpu), _low(cpu)
    if steps is None:
        return hour, *parts
    places = _low(steps)
    return hour, *(_placed(places, part) for part in parts)  # type: ignore[return-value]


def _placed(places: bytes, values: bytes) -> bytes:
    row = bytearray(_HOUR)
    for place, value in zip(places, values, strict=True):
        row[place] = value
    return bytes(row)


def _added_up(hour: int, offsets: bytes, cpu: bytes) -> Cells:
    """An hour of MetricSeries."""
    seconds, values = _numbers(offsets), _numbers(cpu)
    cuts = [bisect_left(seconds, minute * 60) for minute in range(_HOUR + 1)]
    tops = [max(values[since:until], default=0) for since, until in pairwise(cuts)]
    counts = bytes(min(until - since, MOST_SAMPLES) for since, until in pairwise(cuts))
    return hour, counts, bytes(top >> 8 for top in tops), bytes(top & 255 for top in tops)


def _high(sent: bytes) -> bytes:
    return sent[_HEAD + 4 :: _CELL]


def _low(sent: bytes) -> bytes:
    return sent[_HEAD + 5 :: _CELL]


def _numbers(sent: bytes) -> "array[int]":
    pairs = bytearray(2 * len(_low(sent)))
    pairs[0::2], pairs[1::2] = _high(sent), _low(sent)
    numbers = array("H", bytes(pairs))
    if byteorder == "little":
        numbers.byteswap()
    return numbers


_MINUTES: Final = """
    SELECT sandbox_id, extract(epoch FROM at)::bigint / 60,
           CASE WHEN cardinality(steps) < 60 THEN array_send(steps) END, array_send(samples), array_send(cpu_max)
    FROM sandboxes_seriesminutes
    WHERE sandbox_id = ANY(%(keys)s) AND at >= date_trunc('hour', %(start)s::timestamptz, 'UTC') AND at < %(end)s
"""
_NOT_ROLLED: Final = """
    SELECT sandbox_id, extract(epoch FROM hour)::bigint / 60, array_send(offsets), array_send(cpu)
    FROM sandboxes_metricseries
    WHERE NOT rolled AND sandbox_id = ANY(%(keys)s)
      AND hour >= date_trunc('hour', %(start)s::timestamptz, 'UTC') AND hour < %(end)s
    ORDER BY (source = 'poll'), sandbox_id
"""
