"""Idleness in the past, read from minutes: which windows were quiet, and what the judge is told of them. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple

from sandboxes.policies import CpuWindow
from sandboxes.policies.rules import LARGEST_GAP_SECONDS, SMALLEST_GAP_SECONDS

MINUTE: Final = 60


class Minute(NamedTuple):
    """The samples of one minute (`number` is Unix time / 60): how many, and the highest CPU in percent."""

    number: int
    samples: int
    cpu_max_pct: float


class Chain(NamedTuple):
    """Quiet minutes without too large a gap: a window of whole minutes inside [first, last) is idle."""

    first: int
    last: int


def whole_minutes(seconds: int) -> int:
    """How many whole minutes a window of so many seconds needs."""
    return -(-seconds // MINUTE)


def largest_gap(seconds: int) -> float:
    """The largest gap that the judge forgives in a window of so many seconds."""
    return min(LARGEST_GAP_SECONDS, max(SMALLEST_GAP_SECONDS, seconds / 4))


def chains(minutes: Sequence[Minute], below_pct: float, gap_seconds: float) -> Iterator[Chain]:
    """The chains of one sandbox's minutes, oldest first. Samples count as spread evenly over their minute."""
    first: Minute | None = None
    before: Minute | None = None
    lead = 0
    for minute in minutes:
        quiet = minute.cpu_max_pct < below_pct and MINUTE / minute.samples <= gap_seconds
        broken = before is not None and _gap(before, minute) > gap_seconds
        if first is not None and before is not None and (broken or not quiet):
            yield Chain(first.number - lead, before.number + 1 + _slack(before, minute, gap_seconds))
            first = None
        if quiet and first is None:
            first, lead = minute, _slack(minute, before, gap_seconds)
        before = minute
    if first is not None and before is not None:
        yield Chain(first.number - lead, before.number + 1 + _slack(before, None, gap_seconds))


def window_at(minutes: Sequence[Minute], at: datetime, seconds: int) -> CpuWindow | None:
    """The samples of the whole minutes before `at` that a window of `seconds` needs; None without any."""
    until = int(at.timestamp()) // MINUTE
    since = until - whole_minutes(seconds)
    found = [minute for minute in minutes if since <= minute.number < until]
    if not found:
        return None
    inner = [_gap(one, following) for one, following in pairwise(found)]
    edges = [
        (found[0].number - since) * MINUTE + MINUTE / found[0].samples,
        (until - 1 - found[-1].number) * MINUTE + MINUTE / found[-1].samples,
    ]
    top, count = max(minute.cpu_max_pct for minute in found), sum(minute.samples for minute in found)
    return CpuWindow(_moment(since), _moment(until), count, top, max(*inner, *edges))


def idle_spans(
    found: Sequence[Chain], seconds: int, started_at: datetime, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Parts of [start, end) at whose every moment the window lies in a chain and in the run that began then."""
    window, run = whole_minutes(seconds), -int(-started_at.timestamp() // MINUTE)
    for chain in found:
        since, until = max(chain.first, run) + window, chain.last + 1
        if since < until:
            first, last = max(start, _moment(since)), min(end, _moment(until))
            if first < last:
                yield first, last


def _gap(one: Minute, following: Minute) -> float:
    return (following.number - one.number - 1) * MINUTE + MINUTE / min(one.samples, following.samples)


def _slack(minute: Minute, other: Minute | None, gap_seconds: float) -> int:
    """So many empty minutes beside `minute` (before `other`) are forgiven at the edge of a window."""
    forgiven = int((gap_seconds - MINUTE / minute.samples) // MINUTE)
    empty = abs(other.number - minute.number) - 1 if other is not None else forgiven
    return min(forgiven, empty)


def _moment(number: int) -> datetime:
    return datetime.fromtimestamp(number * MINUTE, UTC)
