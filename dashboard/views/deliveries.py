"""The Deliveries page: what was refused or parked and why, with headers and body, and replay of what was parked."""

import json
from typing import Any, Final
from urllib.parse import urlencode

import psycopg
from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from events import replay as replaying
from events.deliveries import counts, list_deliveries, one_delivery
from events.models import Delivery
from events.retention import EVENTS_KEPT, REFUSED_KEPT
from sandboxes.accounts import shown_account_ids
from sandboxes.search import QueryError

STATES: Final = ("parked", "refused", "replayed")


@login_required
def deliveries(request: HttpRequest) -> HttpResponse:
    """The page; with `cursor` and asked for by htmx, only the rows that follow."""
    ids, state = shown_account_ids(), request.GET.get("state") or None
    try:
        page = list_deliveries(ids, state=state, cursor=request.GET.get("cursor"))
    except QueryError as wrong:
        return render(request, "deliveries/page.html", {"wrong": str(wrong)}, status=400)
    asked = {"state": state} if state else {}
    context: dict[str, Any] = {
        "rows": page.items,
        "many_accounts": len(ids) > 1,
        "more": "?" + urlencode({**asked, "cursor": page.next}) if page.next else None,
    }
    if request.headers.get("HX-Request"):
        return render(request, "deliveries/rows.html", context)
    kept = counts(ids)
    context |= {
        "state": state,
        "views": [(name, kept[name]) for name in STATES],
        "days": {"parked": EVENTS_KEPT.days, "refused": REFUSED_KEPT.days},
    }
    return render(request, "deliveries/page.html", context)


@login_required
@require_POST
def replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Takes a parked delivery in again; htmx gets its row as it is then, and a line that says what came of it."""
    delivery = get_object_or_404(Delivery, pk=delivery_id, account__in=shown_account_ids())
    try:
        event = async_to_sync(replaying.replay)(delivery.pk)
    except replaying.NotReplayed as why:
        return _answer(request, delivery, "bad", f"Not replayed: {why}.", ok=False)
    except psycopg.OperationalError:
        return _answer(request, delivery, "bad", "Not replayed: the database is away.", ok=False)
    return _answer(request, delivery, "yes", f"Replayed: {event.word} of {event.sandbox_id} is on record.", ok=True)


def _answer(request: HttpRequest, delivery: Delivery, mark: str, text: str, *, ok: bool) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("deliveries")
    rows = {"rows": [one_delivery(delivery.pk)], "many_accounts": len(shown_account_ids()) > 1}
    response = render(request, "deliveries/rows.html", rows, status=200 if ok else 409)
    response["HX-Trigger"] = json.dumps({"toast": {"mark": mark, "text": text, "ok": ok}})
    return response
