"""The Events page: the stream, newest first, where each came from, and the deliveries that were no event."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard import story
from dashboard.story import Step
from events.listing import EventQuery, EventRow, list_events
from events.models import Delivery
from sandboxes.accounts import shown_account_ids
from sandboxes.search import QueryError

PAGE_ROWS = 100
FILTERS = ("type", "source", "sandbox")
TYPES = ("created", "updated", "paused", "resumed", "killed")
SOURCES = (("webhook", "webhook"), ("reconcile", "reconciled"), ("observed", "seen by us"))


@dataclass(frozen=True)
class Line:
    """An event and how it is said; `late_seconds` from when it happened to when we had it."""

    event: EventRow
    step: Step
    notes: str
    late_seconds: float


@login_required
def events(request: HttpRequest) -> HttpResponse:
    """The page; asked for by htmx, only its rows: the first page anew, or with `cursor` the next."""
    asked = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    try:
        page = list_events(_query(asked), limit=PAGE_ROWS, cursor=request.GET.get("cursor"))
    except QueryError as wrong:
        return render(request, "events/page.html", {"wrong": str(wrong)}, status=400)
    context = {
        "lines": [_line(event) for event in page.items],
        "total": page.total,
        "more": "?" + urlencode({**asked, "cursor": page.next}) if page.next else None,
        "address": "?" + urlencode(asked),
    }
    if request.headers.get("HX-Request"):
        return render(request, "events/rows.html", context)
    context |= {"asked": asked, "types": TYPES, "sources": SOURCES, "deliveries": _deliveries()}
    return render(request, "events/page.html", context)


def _query(asked: dict[str, str]) -> EventQuery:
    return EventQuery(type=asked.get("type"), source=asked.get("source"), sandbox=asked.get("sandbox"))


def _line(event: EventRow) -> Line:
    late_seconds = max(0.0, (event.received_at - event.timestamp).total_seconds())
    return Line(event, story.event_step(event), "; ".join(story.event_notes(event)), late_seconds)


def _deliveries() -> list[Delivery]:
    kept = Delivery.objects.filter(account__in=shown_account_ids()).exclude(state=Delivery.State.REPLAYED)
    return list(kept.defer("body", "headers").order_by("-received_at")[:8])
