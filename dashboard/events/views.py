"""The Events page: the stream, newest first, where each came from, and how deliveries do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from dashboard.sandbox import timeline
from dashboard.sandbox.timeline import Step
from events.deliveries import counts
from events.listing import EventQuery, EventRow, list_events
from events.missed import missed_by_webhook
from events.models import Delivery
from sandboxes.core.accounts import enabled_accounts
from sandboxes.fleet.search import QueryError
from sandboxes.models import AccountHealth

PAGE_ROWS = 100
SIDE_ROWS = 6
FILTERS = ("type", "source", "sandbox", "owner")
TYPES = ("created", "updated", "paused", "resumed", "killed")


@dataclass(frozen=True)
class Line:
    """An event and how it is said; `late_seconds` from when it happened to when we had it."""

    event: EventRow
    step: Step
    notes: str
    source: str
    late_seconds: float


@dataclass(frozen=True)
class Hook:
    """How an account's webhook does; `missed` of the last 24 h, None before the first delivery."""

    account: str
    last_at: datetime | None
    missed: int | None


@login_required
def events(request: HttpRequest) -> HttpResponse:
    """The page; asked for by htmx, only its rows: the first page anew, or with `cursor` the next."""
    asked = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    try:
        page = list_events(_query(asked), limit=PAGE_ROWS, cursor=request.GET.get("cursor"))
    except QueryError as wrong:
        return render(request, "events/page.html", {"wrong": str(wrong), "total": 0}, status=400)
    context = {
        "lines": [_line(event) for event in page.items],
        "total": page.total,
        "more": "?" + urlencode({**asked, "cursor": page.next}) if page.next else None,
        "address": "?" + urlencode(asked),
    }
    if request.headers.get("HX-Request"):
        return render(request, "events/rows.html", context)
    context |= {
        "asked": asked,
        "types": TYPES,
        "sources": [(name, gettext(word)) for name, word in timeline.SOURCES.items()],
        **_deliveries(timezone.now()),
    }
    return render(request, "events/page.html", context)


def _query(asked: dict[str, str]) -> EventQuery:
    type_, source, sandbox, owner = (asked.get(name) for name in FILTERS)
    return EventQuery(type=type_, source=source, sandbox=sandbox, owner=owner)


def _line(event: EventRow) -> Line:
    late_seconds = max(0.0, (event.received_at - event.timestamp).total_seconds())
    notes, source = "; ".join(timeline.event_notes(event)), gettext(timeline.SOURCES[event.source])
    return Line(event, timeline.event_step(event), notes, source, late_seconds)


def _deliveries(now: datetime) -> dict[str, Any]:
    """For the side: each webhook, how many deliveries are kept aside, and the latest of those."""
    accounts = enabled_accounts()
    ids = [account.pk for account in accounts]
    last = dict(AccountHealth.objects.filter(account__in=ids).values_list("account", "webhook_last_at"))
    missed = missed_by_webhook(ids, now)
    aside = Delivery.objects.filter(account__in=ids).exclude(state=Delivery.State.REPLAYED)
    return {
        "hooks": [Hook(one.name, last.get(one.pk), missed.get(one.pk)) for one in accounts],
        "kept": counts(ids),
        "deliveries": list(aside.defer("body", "headers").order_by("-received_at")[:SIDE_ROWS]),
    }
