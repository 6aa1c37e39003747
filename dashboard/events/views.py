"""The Events page: the stream, newest first, its chart by type, where each came from, and how deliveries do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from dashboard.events import chart as drawing
from dashboard.events import filters
from dashboard.events.lines import calm, lines
from dashboard.sandbox.timeline import EVENTS, SOURCES
from dashboard.sandboxes.filters import given_by, joined, several, with_
from events import search
from events.deliveries import counts
from events.missed import missed_by_webhook
from events.models import Delivery
from events.retention import EVENTS_KEPT
from events.webhooks.local_view import HOUR as DELAYS_OVER
from events.webhooks.local_view import lags
from sandboxes.core.accounts import enabled_accounts
from sandboxes.fleet.search import QueryError
from sandboxes.models import Account, AccountHealth

PAGE_ROWS: Final = 100
SIDE_ROWS: Final = 6


@dataclass(frozen=True)
class Hook:
    """How an account's webhook does; `missed` of the last 24 h, None before the first delivery.

    The delay from event to arrival is of the last hour's newest events; None when none came."""

    account: str
    last_at: datetime | None
    missed: int | None
    delay_p50_seconds: float | None = None
    delay_p95_seconds: float | None = None


@login_required
def events(request: HttpRequest) -> HttpResponse:
    """The page; asked for by htmx, only its rows: the first page anew, or with `cursor` the next.

    What makes no sense in the address is said above its filters, which can be removed one by one.
    """
    now, given = timezone.now(), given_by(request.GET.lists())
    shown = filters.asked_of(given)
    try:
        asked = filters.query_of(shown, now)
        newest = search.newest_key()
        found = search.search(asked.query, limit=PAGE_ROWS, cursor=given.get("cursor") or None)
    except QueryError as wrong:
        told = _tools(shown, enabled_accounts()) | {"wrong": str(wrong)}
        return render(request, "events/page.html", told, status=400)
    context: dict[str, Any] = {
        "lines": lines(found.events),
        "address": with_(shown),
        "asked": shown,
        "searched_to": found.searched_to,
        "begun": bool(given.get("cursor")),
        "more": f"{with_(shown)}&cursor={found.next}" if found.next else None,
    }
    if request.headers.get("HX-Request"):
        return render(request, "events/rows.html", context)
    accounts = enabled_accounts()
    context |= {"over": asked.over, "newest": newest, **_tools(shown, accounts), **_deliveries(accounts, now)}
    return render(request, "events/page.html", context)


@login_required
def chart(request: HttpRequest) -> HttpResponse:
    """The chart alone: counting takes longer than a page of rows."""
    shown, now = filters.asked_of(given_by(request.GET.lists())), timezone.now()
    try:
        asked = filters.query_of({name: value for name, value in shown.items() if name != "type"}, now)
    except QueryError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    axis = drawing.axis_of(asked.start, asked.end)
    found = search.counts(asked.query, axis.start, axis.end, axis.step)
    chosen = several(shown.get("type", ""))
    lanes = drawing.lanes(found.of, axis, lambda *step: _step_link(shown, *step), chosen=chosen)
    context = {
        "lanes": [(lane, *_said(lane.kind), *_type_link(shown, lane.kind)) for lane in lanes],
        "ticks": drawing.ticks(axis),
        "axis": axis,
        "step_seconds": axis.step.total_seconds(),
        "total": sum(lane.count for lane in lanes),
        "counted_from": found.counted_from,
        "asked": asked,
        "height": drawing.HEIGHT,
    }
    return render(request, "events/chart.html", context)


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """How many match that were stored after the event with the key `after`, and the newest key, as JSON."""
    given = given_by(request.GET.lists())
    after = given.get("after", "")
    if not after.isdecimal() or len(after) > 18:
        return JsonResponse({"wrong": gettext("after must be the key of an event")}, status=400)
    try:
        query = filters.query_of(filters.asked_of(given), timezone.now()).query
    except QueryError as wrong:
        return JsonResponse({"wrong": str(wrong)}, status=400)
    newest = search.newest_key()
    return JsonResponse({"new": search.new(query, int(after)), "newest": newest, "most": search.MOST_NEW})


def _tools(shown: Mapping[str, str], accounts: Sequence[Account]) -> dict[str, Any]:
    """The filters and what there is to choose from."""
    return {
        "tokens": filters.tokens(shown),
        "kept": shown,
        "address": with_(shown),
        "types": drawing.USUAL,
        "sources": [(name, gettext(word)) for name, word in SOURCES.items()],
        "accounts": [account.name for account in accounts],
        "ranges": [
            (word, with_(shown, last=None if shown.get("last") == name else name, since=None, until=None), name)
            for name, word in filters.RANGES
        ],
        "days": EVENTS_KEPT.days,
    }


def _said(kind: str) -> tuple[str, str, str]:
    """A type's mark, hue and word."""
    mark, hue, word = EVENTS.get(kind, ("note", "ink", kind))
    return mark, calm(hue), gettext(word)


def _step_link(shown: Mapping[str, str], kind: str, start: datetime, end: datetime) -> str:
    times = {"since": f"{start:%Y-%m-%dT%H:%M:%SZ}", "until": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
    return with_(shown, type=kind, last=None, **times)


def _type_link(shown: Mapping[str, str], kind: str) -> tuple[str, bool]:
    """The address with this type added to those shown, or taken out; and whether it is one of them."""
    chosen = several(shown.get("type", ""))
    kept = [one for one in chosen if one != kind] if kind in chosen else [*chosen, kind]
    return with_(shown, type=joined(kept) or None), kind in chosen


def _hook(name: str, health: AccountHealth | None, missed: int | None, now: datetime) -> Hook:
    last_at = health.webhook_last_at if health else None
    if health is None or last_at is None or last_at < now - DELAYS_OVER:
        return Hook(name, last_at, missed)
    _count, p50, p95 = lags(health, now)
    return Hook(name, last_at, missed, p50, p95)


def _deliveries(accounts: Sequence[Account], now: datetime) -> dict[str, Any]:
    """For the side: each webhook, how many deliveries are kept aside, and the latest of those."""
    ids = [account.pk for account in accounts]
    health = {one.account_id: one for one in AccountHealth.objects.filter(account__in=ids)}
    missed = missed_by_webhook(ids, now)
    aside = Delivery.objects.filter(account__in=ids).exclude(state=Delivery.State.REPLAYED)
    return {
        "hooks": [_hook(one.name, health.get(one.pk), missed.get(one.pk), now) for one in accounts],
        "kept_aside": counts(ids),
        "deliveries": list(aside.defer("body", "headers").order_by("-received_at")[:SIDE_ROWS]),
    }
