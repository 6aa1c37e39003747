"""The Sandboxes page: the table with its views, filters and facets; the address says all of it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dashboard import facets, filters
from sandboxes.search import QueryError, search

PAGE_ROWS = 100


@login_required
def sandboxes(request: HttpRequest) -> HttpResponse:
    """The table's first page; with `cursor`, only the rows that follow, for htmx to append."""
    now, asked = timezone.now(), request.GET.dict()
    try:
        query = filters.query_of(asked)
        page = search(query, limit=PAGE_ROWS, cursor=asked.get("cursor"), now=now)
    except QueryError as wrong:
        told = {"wrong": str(wrong), "views": facets.views(asked, now)}
        return render(request, "sandboxes/page.html", told, status=400)
    context: dict[str, Any] = {
        "page": page,
        "query": query,
        "now": now,
        "more": filters.with_(asked, cursor=page.next) if page.next else None,
    }
    if asked.get("cursor") and request.headers.get("HX-Request"):
        return render(request, "sandboxes/rows.html", context)
    context |= {
        "views": facets.views(asked, now),
        "facets": facets.facets(asked),
        "tokens": filters.tokens(asked),
        "columns": filters.columns(asked),
        "ordered": filters.ORDER_WORDS[query.order],
    }
    return render(request, "sandboxes/page.html", context)
