"""What the Events page's filters match, as a file: CSV, or one JSON object a line; a stream of pages, newest first."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from dashboard.events import filters
from dashboard.events.lines import Line, lines
from dashboard.sandboxes.filters import given_by
from dashboard.ui import csv_text
from dashboard.ui.file_names import file_name
from events.listing import EventQuery
from events.search import search
from sandboxes.fleet.search import QueryError
from sandboxes.models import Account

PAGE_ROWS: Final = 1000
KINDS: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
COLUMNS: Final = (
    "timestamp", "received_at", "type", "sandbox_id", "template_id", "template", "owner", "account", "what", "source",
    "execution_id", "id", "data",
)  # fmt: skip
Accounts = Mapping[int, str]
_encode = msgspec.json.Encoder(decimal_format="number").encode


@login_required
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """A download; the filter is in its name. One page is held at a time, so its size knows no bound."""
    now = timezone.now()
    try:
        asked = filters.asked_of(given_by(request.GET.lists()))
        query = filters.query_of(asked, now).query
    except QueryError as wrong:
        return HttpResponse(f"{wrong}\n", status=400, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(csv_of(query) if kind == "csv" else jsonl_of(query), content_type=KINDS[kind])
    name = file_name("events", filters.words_of(asked), now, kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def csv_of(query: EventQuery) -> AsyncIterator[bytes]:
    """Its head, then a chunk a page; every field in quotes, what is nested as JSON."""
    accounts = await sync_to_async(_accounts)()
    yield csv_text.lines([COLUMNS]).encode()
    async for page in pages(query):
        yield csv_text.lines(_cells(line, accounts) for line in page).encode()


async def jsonl_of(query: EventQuery) -> AsyncIterator[bytes]:
    """A line an event: REST's fields, then the account, template and owner, and what the page says of it."""
    accounts = await sync_to_async(_accounts)()
    async for page in pages(query):
        yield b"".join(_encode(_fields(line, accounts)) + b"\n" for line in page)


async def pages(query: EventQuery) -> AsyncIterator[Sequence[Line]]:
    """Page after page, by cursor: each event once, those that come meanwhile are newer and left out."""
    cursor: str | None = None
    while True:
        page, cursor = await sync_to_async(_page)(query, cursor)
        if page:
            yield page
        if cursor is None:
            return


def _page(query: EventQuery, cursor: str | None) -> tuple[list[Line], str | None]:
    found = search(query, limit=PAGE_ROWS, cursor=cursor)
    return lines(found.events), found.next


def _accounts() -> Accounts:
    return dict(Account.objects.values_list("pk", "name"))


def _cells(line: Line, accounts: Accounts) -> list[Any]:
    fields = _fields(line, accounts)
    fields["data"] = json.dumps(fields["data"], ensure_ascii=False) if fields["data"] else ""
    fields["id"] = str(fields["id"])
    return [fields[name] for name in COLUMNS]


def _fields(line: Line, accounts: Accounts) -> dict[str, Any]:
    beside = {"template_id": line.template_id, "template": line.of.template, "owner": line.of.owner}
    named = {"account": accounts.get(line.account_id), "what": line.what}
    return msgspec.structs.asdict(line.event) | beside | named
