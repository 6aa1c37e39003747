"""The Sandboxes page: the table with its views, filters and facets; the address says all of it."""

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
    now = timezone.now()
    try:
        query = filters.query_of(request.GET)
        page = search(query, limit=PAGE_ROWS, cursor=request.GET.get("cursor"), now=now)
    except QueryError as wrong:
        return render(request, "sandboxes/page.html", {"wrong": str(wrong), "views": facets.views(request.GET, now)},
                      status=400)  # fmt: skip
    context = {
        "page": page,
        "query": query,
        "now": now,
        "more": filters.with_(request.GET, cursor=page.next) if page.next else None,
    }
    if request.GET.get("cursor") and request.headers.get("HX-Request"):
        return render(request, "sandboxes/rows.html", context)
    context |= {
        "views": facets.views(request.GET, now),
        "facets": facets.facets(request.GET),
        "tokens": filters.tokens(request.GET),
        "columns": filters.columns(request.GET),
        "ordered": filters.ORDER_WORDS[query.order],
    }
    return render(request, "sandboxes/page.html", context)
