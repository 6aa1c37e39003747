"""The record of events, newest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

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
    """Filters of `GET /events` and of the Events page; None, or nothing in a tuple, is not asked.

    `type` is a whole type or its last word, or several with commas between them. `owner` and `template` (ID or name)
    are those of the sandbox as it is on record now. `text` is part of the sandbox's ID, of its owner or of the event's
    data. Raises QueryError for an unknown source and for text that no row can hold.
    """

    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sandbox: str | None = None
    source: str | None = None
    account: str | None = None
    owner: tuple[str, ...] = ()
    template: tuple[str, ...] = ()
    text: str | None = None

    def __post_init__(self) -> None:
        if self.source is not None and self.source not in SOURCES:
            raise QueryError(f"source must be one of {', '.join(SOURCES)}")
        texts = (self.type, self.sandbox, self.account, self.text, *self.owner, *self.template)
        if any("\0" in text for text in texts if text):
            raise QueryError("text with a NUL character is found nowhere")

    @property
    def types(self) -> tuple[str, ...]:
        """The types asked for, one by one."""
        return tuple(word.strip() for word in (self.type or "").split(",") if word.strip())


def list_events(query: EventQuery, *, limit: int = 100, cursor: str | None = None) -> Page[EventRow]:
    """One page of at most `limit` (1 to 1,000) events, the newest first. Raises QueryError for a bad cursor or limit.

    Observed events whose real event came are left out, here and in the total.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit must be 1 to {MAX_LIMIT}")
    all_of_it = matching(query)
    found = list(after(all_of_it, cursor).order_by("-timestamp", "-id")[: limit + 1])
    following = cursors.by_time(found[limit - 1].timestamp, found[limit - 1].pk) if len(found) > limit else None
    return Page([row_of(event) for event in found[:limit]], following, all_of_it.count())


def matching(query: EventQuery) -> QuerySet[LifecycleEvent]:
    """All that match, in no order and without `raw`."""
    accounts = seen_accounts(query.account)
    found = LifecycleEvent.objects.filter(_of_types(query.types), superseded=False, account_id__in=accounts)
    if query.since is not None:
        found = found.filter(timestamp__gte=query.since)
    if query.until is not None:
        found = found.filter(timestamp__lt=query.until)
    if query.sandbox is not None:
        found = found.filter(sandbox_id=query.sandbox)
    if query.source is not None:
        found = found.filter(source=query.source)
    return _of_sandboxes(found, query, accounts).defer("raw")


def _of_types(types: Sequence[str]) -> Q:
    """Whole types as they are, words as the last of a type; no type: all."""
    asked = Q()
    for one in types:
        asked |= Q(type=one) if "." in one else Q(type=one) | Q(type__endswith=f".{one}")
    return asked


def _of_sandboxes(
    found: QuerySet[LifecycleEvent], query: EventQuery, accounts: Sequence[int]
) -> QuerySet[LifecycleEvent]:
    """Those whose sandbox is of that owner and template, and whose text is found.

    The IDs in question are gathered once; of those, it is the sandbox of the event's own account that counts.
    """
    boxes = Sandbox.objects.filter(account_id__in=accounts).values("sandbox_id")
    mine = Sandbox.objects.filter(account=OuterRef("account"), sandbox_id=OuterRef("sandbox_id"))
    if query.owner:
        of_owner = Q(owner__in=query.owner)
        found = found.filter(Exists(mine.filter(of_owner)), sandbox_id__in=boxes.filter(of_owner))
    if query.template:
        named = Q(template_id__in=query.template) | Q(template_shown__in=query.template)
        in_fleet = Q(Exists(mine.filter(named)), sandbox_id__in=boxes.filter(named))
        found = found.filter(Q(template_id__in=query.template) | in_fleet)
    if query.text:
        of_owner = Q(owner__icontains=query.text)
        owned = Q(Exists(mine.filter(of_owner)), sandbox_id__in=boxes.filter(of_owner))
        told = Q(sandbox_id__icontains=query.text) | owned | Q(told__icontains=query.text)
        found = found.annotate(told=Cast("data", TextField())).filter(told)
    return found


def after(found: QuerySet[LifecycleEvent], cursor: str | None) -> QuerySet[LifecycleEvent]:
    """Those that follow the cursor, newest first. Raises QueryError for a cursor that is none of ours."""
    if not cursor:
        return found
    last = cursors.decode_by_time(cursor)
    # The first condition is for the index: an `OR` alone would be read from the newest event on.
    return found.filter(Q(timestamp__lt=last.at) | Q(id__lt=last.key), timestamp__lte=last.at)


def row_of(event: LifecycleEvent) -> EventRow:
    """The event as REST shows it."""
    return EventRow(
        id=event.event_id,
        type=event.type,
        sandbox_id=event.sandbox_id,
        execution_id=event.execution_id,
        timestamp=event.timestamp,
        received_at=event.received_at,
        source=event.source,  # type: ignore[arg-type]
        data=event.data,
    )
