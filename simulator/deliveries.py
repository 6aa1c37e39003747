"""E2B's own record of webhook deliveries: every attempt, grouped by event, and the figures over them."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import Literal

import msgspec

from simulator import rfc3339
from simulator.errors import BadRequest

ErrorClass = Literal["http_error", "dns_error", "timeout", "transport_error", "request_error"]

_KEPT_SECONDS = 7 * 86_400
# About a kilobyte and a half each.
_KEPT_ATTEMPTS = 40_000
_BUCKET_SECONDS = 3600


class Attempt(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """One attempt at one delivery, in E2B's words."""

    id: str
    team_id: str
    webhook_id: str
    event_id: str
    sandbox_id: str
    event_type: str
    status: Literal["success", "failed"]
    duration_ms: int
    request_body: str
    request_headers: str
    request_url: str
    response_body: str | None
    response_headers: str | None
    response_http_status_code: int | None
    error_class: ErrorClass | None
    error_message: str | None
    timestamp: str


class Group(msgspec.Struct, frozen=True, rename="camel"):
    """The attempts to deliver one event."""

    event_id: str
    event_type: str
    sandbox_id: str
    attempts: list[Attempt]


class Page(msgspec.Struct, frozen=True, rename="camel"):
    """Some groups, and the cursor to those after them."""

    data: list[Group]
    next_cursor: str | None


class Durations(msgspec.Struct, frozen=True):
    """Milliseconds."""

    minimum: float
    average: float
    maximum: float


class Bucket(msgspec.Struct, frozen=True, rename="camel"):
    timestamp: str
    total: int
    failed: int
    duration_ms: Durations


class Stats(msgspec.Struct, frozen=True, rename="camel"):
    """Figures over a time, in all and hour by hour."""

    buckets: list[Bucket]
    total: int
    failed: int
    duration_ms: Durations


class Record:
    """All attempts of the last seven days, oldest first, with the Unix second of each."""

    def __init__(self) -> None:
        self._attempts: deque[tuple[float, Attempt]] = deque()

    def add(self, at: float, attempt: Attempt) -> None:
        self._attempts.append((at, attempt))
        while len(self._attempts) > _KEPT_ATTEMPTS or self._attempts[0][0] < at - _KEPT_SECONDS:
            self._attempts.popleft()

    def of(self, webhook_id: str, start: float, end: float) -> Iterator[tuple[float, Attempt]]:
        """A webhook's attempts from `start` on and before `end`."""
        return (
            (at, attempt) for at, attempt in self._attempts if start <= at < end and attempt.webhook_id == webhook_id
        )


def groups(
    attempts: Iterable[tuple[float, Attempt]],
    statuses: Collection[str],
    types: Collection[str],
    *,
    oldest_first: bool,
) -> list[Group]:
    """The attempts of these statuses and event types (none given: all), by event, in the order of the first attempt."""
    found: dict[str, Group] = {}
    for _, attempt in attempts:
        if (statuses and attempt.status not in statuses) or (types and attempt.event_type not in types):
            continue
        group = Group(attempt.event_id, attempt.event_type, attempt.sandbox_id, [])
        found.setdefault(attempt.event_id, group).attempts.append(attempt)
    ordered = list(found.values())
    return ordered if oldest_first else ordered[::-1]


def page(ordered: list[Group], cursor: str, limit: int) -> Page:
    """`limit` groups from just past the cursor's event on. BadRequest when the cursor names none."""
    begin = 0
    if cursor:
        places = [place for place, group in enumerate(ordered) if group.event_id == cursor]
        if not places:
            raise BadRequest("invalid cursor")
        begin = places[0] + 1
    chosen = ordered[begin : begin + limit]
    more = begin + limit < len(ordered)
    return Page(chosen, chosen[-1].event_id if more and chosen else None)


def stats(attempts: Iterable[tuple[float, Attempt]]) -> Stats:
    """The figures over these attempts."""
    by_hour: dict[int, list[Attempt]] = {}
    for at, attempt in attempts:
        by_hour.setdefault(int(at) // _BUCKET_SECONDS, []).append(attempt)
    buckets = [
        Bucket(rfc3339.text(hour * _BUCKET_SECONDS), len(held), _failed(held), _durations(held))
        for hour, held in sorted(by_hour.items())
    ]
    every = [attempt for held in by_hour.values() for attempt in held]
    return Stats(buckets, len(every), _failed(every), _durations(every))


def _failed(attempts: list[Attempt]) -> int:
    return sum(attempt.status == "failed" for attempt in attempts)


def _durations(attempts: list[Attempt]) -> Durations:
    if not attempts:
        return Durations(0.0, 0.0, 0.0)
    taken = [attempt.duration_ms for attempt in attempts]
    return Durations(float(min(taken)), round(sum(taken) / len(taken), 2), float(max(taken)))
