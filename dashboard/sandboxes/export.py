"""What the Sandboxes page shows, as a file: all that match, in its order, as a stream of keyset pages."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from dashboard.sandboxes import filters, sheets
from dashboard.ui.file_names import file_name
from sandboxes.fleet.search import QueryError, SandboxQuery, SandboxRow, search, settled

PAGE_ROWS: Final = 1000
KINDS: Final = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@login_required
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """A download; the filter is in its name. Nothing is held but one page, so its size knows no bound."""
    now = timezone.now()
    try:
        asked = filters.asked_of(filters.given_by(request.GET.lists()))
        query = filters.query_of(asked)
    except QueryError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    made = csv_of(query, now) if kind == "csv" else json_of(query, now)
    # Under ASGI Django would gather a plain iterator whole before it sends the first byte: this is an async one.
    response = StreamingHttpResponse(made, content_type=KINDS[kind])
    name = file_name("sandboxes", filters.words_of(asked), now, kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def csv_of(query: SandboxQuery, now: datetime) -> AsyncIterator[bytes]:
    """Its head, then a chunk a page."""
    yield sheets.csv_head().encode()
    async for rows in pages(query, now):
        yield (await sync_to_async(sheets.csv_lines)(rows)).encode()


async def json_of(query: SandboxQuery, now: datetime) -> AsyncIterator[bytes]:
    """`{"exported_at":…,"items":[…]}` with the fields of REST's sandbox."""
    yield f'{{"exported_at":"{now:%Y-%m-%dT%H:%M:%SZ}","items":[\n'.encode()
    between = b""
    async for rows in pages(query, now):
        yield between + await sync_to_async(sheets.json_items)(rows)
        between = b",\n"
    yield b"\n]}\n"


async def pages(query: SandboxQuery, now: datetime) -> AsyncIterator[list[SandboxRow]]:
    """Page after page, by cursor: one that ends meanwhile may be missing, none comes twice."""
    query, cursor = await sync_to_async(settled)(query, now), None
    while True:
        page = await sync_to_async(search)(query, limit=PAGE_ROWS, cursor=cursor, now=now)
        if page.items:
            yield list(page.items)
        cursor = page.next
        if cursor is None:
            return
