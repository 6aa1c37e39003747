"""Idleness in the past, read from minutes: which windows were quiet, and what the judge is told of them. Pure.

A minute is a byte in each of a few strings, so that a week is translated, combined and searched without a loop.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import pairwise
from math import ceil
from typing import Final, NamedTuple

from sandboxes.base.clock import BackendTime, of_record
from sandboxes.policies import CpuWindow

MINUTE: Final = 60
MOST_SAMPLES: Final = 255
# Of minutes without a sample, quiet with few, quiet with enough to forgive an empty minute beside them, and all others.
_EMPTY, _QUIET, _DENSE, _OTHER = b"-", b"q", b"d", b"\xff"
_CHAIN: Final = re.compile(rb"[qd]+(?:(?<=d)-(?=d)[qd]+)*")


@dataclass(frozen=True, slots=True)
class Minutes:
    """One sandbox's minutes without a break from `first` (Unix time / 60) on, a byte each: how many samples (none: 0),
    and the upper and lower half of the highest CPU in hundredths of a percent."""

    first: int
    samples: bytes
    upper: bytes
    lower: bytes

    @classmethod
    def of(cls, known: Iterable[tuple[int, int, int]]) -> "Minutes":
        """From (minute, samples, CPU in hundredths of a percent), at least one."""
        cells = {number: (min(samples, MOST_SAMPLES), cpu) for number, samples, cpu in known}
        first = min(cells)
        row = [cells.get(number, (0, 0)) for number in range(first, max(cells) + 1)]
        return cls(first, bytes(s for s, _ in row), bytes(c >> 8 for _, c in row), bytes(c & 255 for _, c in row))

    def before(self, at: datetime, seconds: int) -> "Minutes":
        """Those of the window of `seconds` that ends at `at` alone."""
        until = int(at.timestamp()) // MINUTE - self.first
        since = max(0, until - whole_minutes(seconds))
        part = slice(since, max(since, until))
        return Minutes(self.first + since, self.samples[part], self.upper[part], self.lower[part])


class Chain(NamedTuple):
    """Quiet minutes without too large a gap: a window of whole minutes inside [first, last) is idle."""

    first: int
    last: int


def whole_minutes(seconds: int) -> int:
    """How many whole minutes a window of so many seconds needs."""
    return -(-seconds // MINUTE)


def chains(minutes: Minutes, below_pct: float, gap_seconds: float) -> Iterator[Chain]:
    """The chains of one sandbox, oldest first. Samples count as spread evenly over their minute."""
    kinds = _kinds(minutes, ceil(round(below_pct * 100, 6)), gap_seconds)
    for found in _CHAIN.finditer(kinds):
        first, last = found.span()
        dense_first, dense_last = kinds[first : first + 1] == _DENSE, kinds[last - 1 : last] == _DENSE
        lead = dense_first and (first == 0 or kinds[first - 1 : first] == _EMPTY)
        trail = dense_last and kinds[last : last + 1] in (b"", _EMPTY)
        yield Chain(minutes.first + first - lead, minutes.first + last + trail)


def window_at(minutes: Minutes, at: datetime, seconds: int) -> CpuWindow | None:
    """The samples of the whole minutes before `at` that a window of `seconds` needs; None without any."""
    until = int(at.timestamp()) // MINUTE
    since = until - whole_minutes(seconds)
    inside = range(max(0, since - minutes.first), min(len(minutes.samples), until - minutes.first))
    found = [(minutes.first + place, minutes.samples[place]) for place in inside if minutes.samples[place]]
    if not found:
        return None
    top = max(minutes.upper[place] << 8 | minutes.lower[place] for place in inside)
    gaps = [
        (after - before - 1) * MINUTE + MINUTE / min(some, more) for (before, some), (after, more) in pairwise(found)
    ]
    (first, first_samples), (last, last_samples) = found[0], found[-1]
    gaps.append((first - since) * MINUTE + MINUTE / first_samples)
    gaps.append((until - 1 - last) * MINUTE + MINUTE / last_samples)
    return CpuWindow(_moment(since), _moment(until), sum(count for _, count in found), top / 100, max(gaps))


def idle_spans(
    found: Sequence[Chain], seconds: int, started_at: datetime, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Parts of [start, end) at whose every moment the window lies in a chain and in the run that began then."""
    window, run = whole_minutes(seconds), -int(-started_at.timestamp() // MINUTE)
    after = end.timestamp() / MINUTE
    for place in range(bisect_right(found, start.timestamp() / MINUTE - 1, key=_last), len(found)):
        chain = found[place]
        since, until = max(chain.first, run) + window, chain.last + 1
        if chain.first >= after:
            return
        if since < until and since < after:
            yield max(start, _moment(since)), min(end, _moment(until))


def _kinds(minutes: Minutes, limit: int, gap_seconds: float) -> bytes:
    """Each minute's kind as one byte; a minute whose CPU reaches `limit` (hundredths of a percent) is `_OTHER`."""
    counted = minutes.samples.translate(_by_samples(gap_seconds))
    upper, lower = limit >> 8, limit & 255
    above = _number(minutes.upper.translate(_from(upper + 1)))
    level = _number(minutes.upper.translate(_only(upper))) & _number(minutes.lower.translate(_from(lower)))
    return (_number(counted) | above | level).to_bytes(len(counted), "big")


@lru_cache(maxsize=64)  # the gap is a number that somebody chose
def _by_samples(gap_seconds: float) -> bytes:
    kinds = [_EMPTY]
    for samples in range(1, MOST_SAMPLES + 1):
        spacing = MINUTE / samples
        quiet = _DENSE if spacing <= gap_seconds - MINUTE else _QUIET
        kinds.append(quiet if spacing <= gap_seconds else _OTHER)
    return b"".join(kinds)


@cache
def _from(least: int) -> bytes:
    return bytes(255 if value >= least else 0 for value in range(256))


@cache
def _only(one: int) -> bytes:
    return bytes(255 if value == one else 0 for value in range(256))


def _last(chain: Chain) -> int:
    return chain.last


def _number(text: bytes) -> int:
    return int.from_bytes(text, "big")


def _moment(number: int) -> BackendTime:
    return of_record(datetime.fromtimestamp(number * MINUTE, UTC))
