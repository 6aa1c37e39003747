"""The record of events for people who look for something: no question reads more than a bounded stretch of it.

A filter that few events match would otherwise read the whole record for each page. What is read is the newest `window`
events of the time asked for, then those before them, as far as somebody goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, DateTimeField, F, Func, Q, QuerySet, Value

from events.listing import EventQuery, after, matching
from events.models import LifecycleEvent
from sandboxes.fleet.search import cursors

WINDOW: Final = 50_000  # events read for one page of rows: about 0.1 s, with the text of each searched
COUNTED: Final = 200_000  # events read for one chart
MOST_NEW: Final = 1_000


@dataclass(frozen=True)
class Found:
    """One page; `next` the cursor of what follows, None at the end of the record.

    `searched_to`: the time of the oldest event read, where reading ended before the page was full.
    """

    events: Sequence[LifecycleEvent]
    next: str | None
    searched_to: datetime | None = None


@dataclass(frozen=True)
class Counts:
    """Events by type (last word) and step; `of[word][number]` for the step that begins `number` steps after the start.

    `counted_from`: events before it were too many to count; None when all were counted.
    """

    of: dict[str, dict[int, int]]
    counted_from: datetime | None = None


def search(query: EventQuery, *, limit: int = 100, cursor: str | None = None, window: int = WINDOW) -> Found:
    """At most `limit` events, newest first. Raises QueryError for a bad cursor."""
    last = None if query.sandbox else _last_of(after(_in_time(query), cursor), window)
    asked = after(matching(query), cursor)
    found = list(
        (asked if last is None else asked.filter(_not_before(last))).order_by("-timestamp", "-id")[: limit + 1]
    )
    if len(found) > limit:
        return Found(found[:limit], cursors.by_time(found[limit - 1].timestamp, found[limit - 1].pk))
    return Found(found, cursors.by_time(*last), last[0]) if last else Found(found, None)


def counts(query: EventQuery, start: datetime, end: datetime, step: timedelta, *, most: int = COUNTED) -> Counts:
    """How many events match in each step from `start` until `end`; of the newest `most` events of that time."""
    last = None if query.sandbox else _last_of(_between(start, end), most)
    found = matching(query).filter(timestamp__gte=start, timestamp__lt=end)
    found = found if last is None else found.filter(_not_before(last))
    bin_ = Func(Value(step), F("timestamp"), Value(start), function="date_bin", output_field=DateTimeField())
    of: dict[str, dict[int, int]] = {}
    for type_, at, count in found.order_by().annotate(bin=bin_).values_list("type", "bin").annotate(Count("pk")):
        steps, number = of.setdefault(type_.rpartition(".")[2], {}), (at - start) // step
        steps[number] = steps.get(number, 0) + count
    return Counts(of, last[0] if last else None)


def new(query: EventQuery, after_key: int) -> int:
    """How many that match came in after the event with this primary key; at most `MOST_NEW`.

    Counted by arrival: an event that happened earlier and came late is new too.
    """
    least = max(after_key, newest_key() - WINDOW)
    return len(matching(query).filter(pk__gt=least).order_by().values_list("pk")[:MOST_NEW])


def newest_key() -> int:
    """The primary key of the event that was stored last, 0 where there is none."""
    return LifecycleEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _in_time(query: EventQuery) -> QuerySet[LifecycleEvent]:
    return _between(query.since, query.until)


def _between(since: datetime | None, until: datetime | None) -> QuerySet[LifecycleEvent]:
    """All events of that time: the index by time alone answers it."""
    found = LifecycleEvent.objects.all()
    found = found if since is None else found.filter(timestamp__gte=since)
    return found if until is None else found.filter(timestamp__lt=until)


def _last_of(found: QuerySet[LifecycleEvent], window: int) -> tuple[datetime, int] | None:
    """Time and key of the last of the newest `window` events; None where there are not more than so many."""
    ends = found.order_by("-timestamp", "-id").values_list("timestamp", "pk")[window - 1 : window + 1]
    places = list(ends)
    return places[0] if len(places) > 1 else None


def _not_before(last: tuple[datetime, int]) -> Q:
    return Q(timestamp__gte=last[0]) & (Q(timestamp__gt=last[0]) | Q(id__gte=last[1]))
