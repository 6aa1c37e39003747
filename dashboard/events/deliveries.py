"""The Deliveries page: what was refused or parked and why, with headers and body, and replay of what was parked."""

import json
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlencode

from asgiref.sync import async_to_sync
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from events import replay as replaying
from events.deliveries import counts, list_deliveries, one_delivery
from events.models import Delivery
from events.retention import EVENTS_KEPT, REFUSED_KEPT
from sandboxes.core import database_away
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.search import QueryError

STATES: Final = ("parked", "refused", "replayed")


@login_required
def deliveries(request: HttpRequest) -> HttpResponse:
    """The page; with `cursor` and asked for by htmx, only the rows that follow."""
    state = request.GET.get("state") or None
    try:
        context = _listed(state, request.GET.get("cursor"))
    except QueryError as wrong:
        return render(request, "events/deliveries/page.html", {"wrong": str(wrong)}, status=400)
    if request.headers.get("HX-Request"):
        return render(request, "events/deliveries/rows.html", context)
    return render(request, "events/deliveries/page.html", context | _around(state))


@login_required
@require_POST
def replay_all(request: HttpRequest) -> HttpResponse:
    """Takes in what is parked, as much as one request may; htmx gets the list as it is then, and the count."""
    after, state = request.POST.get("after", "0"), request.POST.get("state") or None
    if not after.isdecimal() or len(after) > 18 or state not in {None, *STATES}:
        return HttpResponseBadRequest("after is the key of a delivery, state one of the list's")
    tally: replaying.Tally | None = None
    told = {
        "mark": "bad",
        "text": _("Not all was replayed: %(why)s.") % {"why": _(database_away.PHRASE)},
        "ok": False,
    }
    with suppress(*database_away.ERRORS):
        tally = async_to_sync(replaying.replay_all)(shown_account_ids(), after=int(after))
        told = {"mark": "yes" if tally.taken else "warn", "text": _count(tally), "ok": True}
    if not request.headers.get("HX-Request"):
        return redirect("deliveries")
    context = _listed(state, None) | _around(state, tally)
    response = render(request, "events/deliveries/list.html", context)
    response["HX-Trigger"] = json.dumps({"toast": told})
    return response


@login_required
@require_POST
def replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Takes a parked delivery in again; htmx gets its row as it is then, and a line that says what came of it."""
    delivery = get_object_or_404(Delivery, pk=delivery_id, account__in=shown_account_ids())
    try:
        event = async_to_sync(replaying.replay)(delivery.pk)
    except replaying.NotReplayed as why:
        return _answer(request, delivery, "bad", _("Not replayed: %(why)s.") % {"why": why}, ok=False)
    except database_away.ERRORS:
        return _answer(
            request, delivery, "bad", _("Not replayed: %(why)s.") % {"why": _(database_away.PHRASE)}, ok=False
        )
    return _answer(
        request,
        delivery,
        "yes",
        _("Replayed: %(word)s of %(sandbox_id)s is on record.") % {"word": event.word, "sandbox_id": event.sandbox_id},
        ok=True,
    )


def _listed(state: str | None, cursor: str | None) -> dict[str, Any]:
    """One page of rows. Raises QueryError."""
    ids = shown_account_ids()
    page = list_deliveries(ids, state=state, cursor=cursor)
    asked = {"state": state} if state else {}
    more = "?" + urlencode({**asked, "cursor": page.next}) if page.next else None
    return {"rows": page.items, "many_accounts": len(ids) > 1, "more": more}


def _around(state: str | None, tally: replaying.Tally | None = None) -> dict[str, Any]:
    """What stands around the rows; after a `tally` that left some untried, from where on to try them."""
    kept = counts(shown_account_ids())
    left = tally.left if tally else 0
    return {
        "state": state,
        "views": [(name, kept[name]) for name in STATES],
        "parked": left or kept["parked"],
        "after": tally.last if tally and left else 0,
        "days": {"parked": EVENTS_KEPT.days, "refused": REFUSED_KEPT.days},
    }


def _count(tally: replaying.Tally) -> str:
    """The tally as a sentence."""
    said = _("Replayed: %(taken)s accepted, %(still)s still parked.") % {
        "taken": f"{tally.taken:,}",
        "still": f"{tally.still:,}",
    }
    return said + (_(" %(left)s not tried yet.") % {"left": f"{tally.left:,}"} if tally.left else "")


def _answer(request: HttpRequest, delivery: Delivery, mark: str, text: str, *, ok: bool) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect("deliveries")
    rows = {"rows": [one_delivery(delivery.pk)], "many_accounts": len(shown_account_ids()) > 1}
    response = render(request, "events/deliveries/rows.html", rows, status=200 if ok else 409)
    response["HX-Trigger"] = json.dumps({"toast": {"mark": mark, "text": text, "ok": ok}})
    return response
