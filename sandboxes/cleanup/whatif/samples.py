"""Samples of the stored past as minutes, read as deep as they are asked for.

Arrays come as PostgreSQL holds them and are taken apart without a loop.
"""

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from sys import byteorder
from typing import Any, Final

from sandboxes.cleanup.whatif import queries
from sandboxes.cleanup.whatif.idle import MOST_SAMPLES, Minutes
from sandboxes.core import database

_HEAD: Final = 20  # of a one-dimensional array in PostgreSQL's binary form (`array_send`)
_CELL: Final = 6  # of a smallint in it: four bytes of length, two of value, the upper first
_HOUR: Final = 60
Parts = tuple[bytes, bytes, bytes]  # of an hour: `Minutes.samples`, `.upper`, `.lower`
_EMPTY: Final[Parts] = (bytes(_HOUR), bytes(_HOUR), bytes(_HOUR))


class Samples:
    """The minutes of some sandboxes by key, each read from its own moment on; hours not rolled up are added up here.

    Several samples of one minute count with their maximum.
    """

    def __init__(self, since: Mapping[int, datetime], end: datetime) -> None:
        self._reached = {key: at.replace(minute=0, second=0, microsecond=0) for key, at in since.items()}
        self._hours: dict[int, dict[int, Parts]] = defaultdict(dict)
        self._end = end

    def reached(self, key: int) -> datetime:
        """Until when its samples have been read."""
        return self._reached[key]

    def is_whole(self, key: int, ended_at: datetime | None) -> bool:
        """Whether all is read of one that ended then."""
        return self._reached[key] >= min(ended_at or self._end, self._end)

    def read_on(self, keys: Collection[int], hours: int) -> None:
        """Reads so many hours more of each of these."""
        further = timedelta(hours=hours)
        since = [self._reached[key] for key in keys]
        until = [min(self._end, at + further) for at in since]
        given: dict[str, Any] = {"keys": list(keys), "since": since, "until": until}
        for statement, hour_of in ((queries.MINUTES, _rolled), (queries.NOT_ROLLED, _added_up)):
            for key, hour, *arrays in database.rows(statement, given):
                self._hours[key][hour] = hour_of(*arrays)
        self._reached.update(zip(keys, until, strict=True))

    def of(self, key: int) -> Minutes | None:
        """What has been read of it, gaps filled with empty minutes; None without any sample."""
        hours = self._hours.get(key)
        if not hours:
            return None
        start, last = min(hours), max(hours)
        parts = [hours.get(first, _EMPTY) for first in range(start, last + 1, _HOUR)]
        return Minutes(start, *(b"".join(column) for column in zip(*parts, strict=True)))


def _rolled(steps: bytes | None, samples: bytes, cpu: bytes) -> Parts:
    """An hour of SeriesMinutes; without `steps` it has all sixty."""
    parts = _low(samples), _high(cpu), _low(cpu)
    if steps is None:
        return parts
    places = _low(steps)
    return _placed(places, parts[0]), _placed(places, parts[1]), _placed(places, parts[2])


def _placed(places: bytes, values: bytes) -> bytes:
    row = bytearray(_HOUR)
    for place, value in zip(places, values, strict=True):
        row[place] = value
    return bytes(row)


def _added_up(offsets: bytes, cpu: bytes) -> Parts:
    """An hour of MetricSeries."""
    seconds, values = _numbers(offsets), _numbers(cpu)
    cuts = [bisect_left(seconds, minute * 60) for minute in range(_HOUR + 1)]
    tops = [max(values[since:until], default=0) for since, until in pairwise(cuts)]
    counts = bytes(min(until - since, MOST_SAMPLES) for since, until in pairwise(cuts))
    return counts, bytes(top >> 8 for top in tops), bytes(top & 255 for top in tops)


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
