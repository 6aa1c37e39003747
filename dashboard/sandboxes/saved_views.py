"""Saved views and chosen columns: kept by person, shared by name, and nothing but an address in the end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.models import SavedView, TableColumns
from dashboard.sandboxes import columns, filters
from sandboxes.core import sight
from sandboxes.fleet.search import QueryError, count

MOST_NAME: Final = 60
MOST_SAVED: Final = 100
MOST_COUNTED: Final = 12  # more tabs than that are out of sight, and each count is a search


@dataclass(frozen=True)
class Saved:
    """A saved view as a tab: its link is the address itself, so whoever gets it sees the same."""

    key: int
    name: str
    link: str
    mine: bool
    shared: bool
    by: str
    current: bool
    count: int | None = None


def saved(user: Any, asked: Mapping[str, str], now: datetime | None = None) -> list[Saved]:
    """One's own and everybody's, the oldest first; with `now` the first of them say how many they show."""
    found = _saved(user, asked)
    if now is None:
        return found
    return [replace(one, count=_count(one.link, now)) for one in found[:MOST_COUNTED]] + found[MOST_COUNTED:]


def _count(link: str, now: datetime) -> int | None:
    """None for an address that no longer makes sense."""
    try:
        return count(filters.query_of(dict(parse_qsl(link.removeprefix("?")))), now=now)
    except QueryError:
        return None


def _saved(user: Any, asked: Mapping[str, str]) -> list[Saved]:
    return [
        Saved(
            view.pk,
            view.name,
            filters.with_(dict(parse_qsl(view.address))),
            mine=view.user_id == user.pk,
            shared=view.shared,
            by=view.user.get_username(),
            current=dict(parse_qsl(view.address)) == {name: value for name, value in asked.items() if value},
        )
        for view in _seen_by(user).select_related("user").order_by("created_at")[:MOST_SAVED]
    ]


def columns_of(user: Any, asked: Mapping[str, str]) -> list[columns.Column]:
    """Those of the address, else those that the person chose, else the usual ones; the ended have their own."""
    if asked.get("cols"):
        return columns.named(columns.of_text(asked["cols"]))
    if asked.get("state") == "ended":
        return columns.named(columns.USUAL_OF_ENDED)
    chosen = TableColumns.objects.filter(user=user).first()
    return columns.named(chosen.names if chosen else columns.USUAL)


@login_required
def follow(request: HttpRequest, view_id: int) -> HttpResponse:
    """A link that stays when the view is changed."""
    return _to(get_object_or_404(_seen_by(request.user), pk=view_id).address)


@login_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keeps the address under a name; the same name again replaces what it stood for."""
    name, shown = _name(request), _address(request)
    if shown is None or not name:
        return HttpResponse(_("A view needs a name, and an address that makes sense."), status=400)
    asked = dict(parse_qsl(shown))
    asked.setdefault("cols", columns.as_text(columns_of(request.user, asked)))
    address = filters.with_(asked).removeprefix("?")
    shared = request.POST.get("shared") == "on"
    SavedView.objects.update_or_create(
        user_id=user_key(request), name=name, defaults={"address": address, "shared": shared}
    )  # fmt: skip
    return _to(address)


@login_required
@require_POST
def change(request: HttpRequest, view_id: int) -> HttpResponse:
    """Another name, shared or not, or gone; only by who made it."""
    view = get_object_or_404(SavedView, pk=view_id, user_id=user_key(request))
    if request.POST.get("do") == "delete":
        view.delete()
        again = {"name": view.name, "address": view.address} | ({"shared": "on"} if view.shared else {})
        undo = {"url": reverse("views"), "values": again, "form": True}
        said = {"mark": "yes", "text": _("View %(name)s deleted.") % {"name": view.name}, "undo": undo}
        messages.info(request, json.dumps(said))
        return _to(view.address)
    view.name, view.shared = _name(request) or view.name, request.POST.get("shared") == "on"
    try:
        with transaction.atomic():
            view.save(update_fields=["name", "shared"])
    except IntegrityError:
        return HttpResponse(_("Another view of yours has that name."), status=409)
    return _to(view.address)


@login_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """The person's columns, in the order they were sent; `usual` goes back to those of the drawing."""
    shown = _address(request) or ""
    asked = {name: value for name, value in parse_qsl(shown) if name != "cols"}
    if request.POST.get("do") == "usual":
        TableColumns.objects.filter(user_id=user_key(request)).delete()
        return _to(filters.with_(asked).removeprefix("?"))
    key = request.POST.get("meta", "").replace("\0", "").strip()
    names = [*request.POST.getlist("col"), *([filters.METADATA + key] if key else [])]
    chosen = [column.name for column in columns.named(names)]
    TableColumns.objects.update_or_create(user_id=user_key(request), defaults={"names": chosen})
    return _to(filters.with_(asked).removeprefix("?"))


def user_key(request: HttpRequest) -> int:
    """Of who is signed in: `login_required` has seen to it."""
    return cast("int", request.user.pk)


def _seen_by(user: Any) -> QuerySet[SavedView]:
    shared = Q(shared=True)
    held = sight.everything()
    if (
        held is not None
    ):  # what a view is called, and whom it names, its maker may know of accounts that are hidden here
        shared &= Q(user__member__accounts__contained_by=sorted(held))
    return SavedView.objects.filter(shared | Q(user=user))


def _name(request: HttpRequest) -> str:
    return " ".join(request.POST.get("name", "").replace("\0", "").split())[:MOST_NAME]


def _address(request: HttpRequest) -> str | None:
    """The address that the form was on, without paging; None when it makes no sense."""
    try:
        asked = filters.asked_of(dict(parse_qsl(request.POST.get("address", "").removeprefix("?"))))
        filters.query_of(asked)
    except QueryError:
        return None
    return filters.with_(asked).removeprefix("?")


def _to(address: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("sandboxes") + (f"?{address}" if address else ""))
