"""The record of events, newest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, Q, QuerySet

from events.models import LifecycleEvent
from sandboxes.fleet.search import Page, QueryError, cursors, seen_accounts
from sandboxes.models import Sandbox

SOURCES: Final = ("webhook", "reconcile", "observed")
MAX_LIMIT: Final = 1000


class EventRow(msgspec.Struct, frozen=True):
    """One event; `source` is what brought it first, `data` what E2B told of it."""

    id: UUID
    type: str
    sandbox_id: str
    execution_id: str | None
    timestamp: datetime
    received_at: datetime
    source: Literal["webhook", "reconcile", "observed"]
    data: dict[str, Any] | None


@dataclass(frozen=True)
class EventQuery:
    """Filters of `GET /events`; None is not asked. `type` is a whole type or its last word.

    Raises QueryError for an unknown source.
    """

    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sandbox: str | None = None
    source: str | None = None
    account: str | None = None
    owner: str | None = None

    def __post_init__(self) -> None:
        if self.source is not None and self.source not in SOURCES:
            raise QueryError(f"source must be one of {', '.join(SOURCES)}")
        if any("\0" in text for text in (self.type, self.sandbox, self.account, self.owner) if text):
            raise QueryError("text with a NUL character is found nowhere")


def list_events(query: EventQuery, *, limit: int = 100, cursor: str | None = None) -> Page[EventRow]:
    """One page of at most `limit` (1 to 1,000) events, the newest first. Raises QueryError for a bad cursor or limit.

    Observed events whose real event came are left out, here and in the total.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit must be 1 to {MAX_LIMIT}")
    matching = _matching(query)
    found = list(_after(matching, cursor).order_by("-timestamp", "-id")[: limit + 1])
    following = cursors.by_time(found[limit - 1].timestamp, found[limit - 1].pk) if len(found) > limit else None
    return Page(_rows(found[:limit]), following, matching.count())


def _matching(query: EventQuery) -> QuerySet[LifecycleEvent]:
    found = LifecycleEvent.objects.filter(superseded=False, account_id__in=seen_accounts(query.account)).defer("raw")
    if query.type is not None:
        last_word = Q(type__endswith=f".{query.type}") if "." not in query.type else Q()
        found = found.filter(Q(type=query.type) | last_word)
    if query.since is not None:
        found = found.filter(timestamp__gte=query.since)
    if query.until is not None:
        found = found.filter(timestamp__lt=query.until)
    if query.sandbox is not None:
        found = found.filter(sandbox_id=query.sandbox)
    if query.owner is not None:
        its = Sandbox.objects.filter(account=OuterRef("account"), sandbox_id=OuterRef("sandbox_id"), owner=query.owner)
        found = found.filter(Exists(its))
    return found if query.source is None else found.filter(source=query.source)


def _after(found: QuerySet[LifecycleEvent], cursor: str | None) -> QuerySet[LifecycleEvent]:
    if not cursor:
        return found
    last = cursors.decode_by_time(cursor)
    return found.filter(Q(timestamp__lt=last.at) | Q(timestamp=last.at, id__lt=last.key))


def _rows(events: Sequence[LifecycleEvent]) -> list[EventRow]:
    return [
        EventRow(
            id=event.event_id,
            type=event.type,
            sandbox_id=event.sandbox_id,
            execution_id=event.execution_id,
            timestamp=event.timestamp,
            received_at=event.received_at,
            source=event.source,  # type: ignore[arg-type]
            data=event.data,
        )
        for event in events
    ]
