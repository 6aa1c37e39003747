"""The Sandboxes page: the table with its views, filters and facets; the address says all of it."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from dashboard.sandboxes import columns, facets, filters
from dashboard.sandboxes import saved_views as views
from sandboxes.fleet.search import (
    Page,
    QueryError,
    SandboxQuery,
    SandboxRow,
    count,
    newest_key,
    search,
    seen_accounts,
    settled,
)
from sandboxes.fleet.search.build import rows_of
from sandboxes.models import Sandbox

PAGE_ROWS: Final = 50  # a screen and a half; js/scroll.js counts in the same blocks
MOST_SKIPPED: Final = 10_000_000
_KEYS: Final = re.compile(r"\d{1,9}(,\d{1,9})*")


@login_required
def sandboxes(request: HttpRequest) -> HttpResponse:
    """The table's first page, and its rows alone for a script that scrolls.

    `cursor` and `skip` (so many rows on from there) say where it begins; `rows` names those wanted by their keys.
    """
    now, given = timezone.now(), filters.given_by(request.GET.lists())
    try:
        asked = filters.asked_of(given)
        query = filters.query_of(asked)
        page = _page(query, given, now)
    except QueryError as wrong:
        told = {"wrong": str(wrong), "views": facets.views({}, now), "saved": views.saved(request.user, {})}
        return render(request, "sandboxes/page.html", told, status=400)
    context: dict[str, Any] = {
        "page": page,
        "query": query,
        "now": now,
        "columns": views.columns_of(request.user, asked),
        "more": f"{filters.with_(asked)}&cursor={page.next}" if page.next else None,
    }
    if request.headers.get("HX-Request"):
        return render(request, "sandboxes/rows.html", context)
    return render(request, "sandboxes/page.html", context | _around(request, asked, query, context["columns"], now))


@login_required
def beside(request: HttpRequest) -> HttpResponse:
    """The facets alone: the table asks for them once it is there, since counting takes as long as all the rest."""
    try:
        asked = filters.asked_of(filters.given_by(request.GET.lists()))
        filters.query_of(asked)
    except QueryError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    return render(request, "sandboxes/facets.html", {"facets": facets.facets(asked, timezone.now())})


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """How many match by now, and how many of them were first seen after the key that the page was loaded with."""
    after = request.GET.get("after", "")
    try:
        query = settled(filters.query_of(filters.asked_of(filters.given_by(request.GET.lists()))), timezone.now())
    except QueryError as wrong:
        return JsonResponse({"wrong": str(wrong)}, status=400)
    fresh = count(query, after_key=int(after)) if _KEYS.fullmatch(after) and "," not in after else 0
    return JsonResponse({"new": fresh, "total": count(query)})


def _page(query: SandboxQuery, given: Mapping[str, str], now: datetime) -> Page[SandboxRow]:
    if _KEYS.fullmatch(given.get("rows", "")):
        keys = [int(key) for key in given["rows"].split(",")][:PAGE_ROWS]
        seen = Sandbox.objects.filter(id__in=keys, account_id__in=seen_accounts(query.account))
        allowed = set(seen.values_list("id", flat=True))
        return Page(rows_of([key for key in keys if key in allowed], now=now, as_of=now), None, len(allowed))
    skip = given.get("skip", "")
    skipped = min(int(skip), MOST_SKIPPED) if re.fullmatch(r"\d{1,9}", skip) else 0
    return search(query, limit=PAGE_ROWS, cursor=given.get("cursor") or None, skip=skipped, now=now)


def _around(
    request: HttpRequest, asked: Mapping[str, str], query: SandboxQuery, shown: list[columns.Column], now: datetime
) -> dict[str, Any]:
    """What stands around the rows."""
    return {
        "views": facets.views(asked, now),
        "saved": views.saved(request.user, asked, now),
        "tokens": filters.tokens(asked),
        "kept": {name: value for name, value in asked.items() if value},
        "address": filters.with_(asked),
        "headings": columns.headings(asked, shown, filters.usual_order(query.states)),
        "choices": columns.choices(shown, facets.metadata_keys()),
        "ordered": gettext(filters.ORDER_WORDS[query.order]),
        "only_ended": query.states == filters.ENDED,
        "live_states": query.states == SandboxQuery().states,
        "newest": newest_key(),
    }
