"""`/events` and `/sandboxes/{id}/events`: what happened, newest first."""

# ruff: noqa: ARG001 - every call is handed the request

from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.api.answers import answer, returns
from dashboard.api.params import Moment, Paged, Word
from dashboard.api.sandboxes import key_or_refusal
from events.listing import SOURCES, EventQuery, EventRow, list_events
from sandboxes.models import Sandbox

router = Router(tags=["events"])
of_sandbox = Router(tags=["events"])
EventList = msgspec.defstruct(
    "EventList", [("items", list[EventRow]), ("next", str | None), ("total", int)], module=__name__
)


class OfSandbox(Paged):
    """`type` is a whole type or its last word; `since` is by the event's own time."""

    type: Word | None = None
    since: Moment | None = None
    source: Annotated[Word, Field(json_schema_extra={"enum": list(SOURCES)})] | None = None


class OfAll(OfSandbox):
    sandbox: Word | None = None


@router.get("", operation_id="list_events", **returns(EventList))
def all_events(request: HttpRequest, asked: Query[OfAll]) -> HttpResponse:
    """Of the whole fleet; of one sandbox with `sandbox`."""
    return _page(asked, asked.sandbox)


@of_sandbox.get("/{sandbox_id}/events", operation_id="list_sandbox_events", **returns(EventList))
def events_of_sandbox(request: HttpRequest, sandbox_id: str, asked: Query[OfSandbox]) -> HttpResponse:
    """Of one sandbox, all its runs."""
    key = key_or_refusal(request, sandbox_id)
    return _page(asked, sandbox_id, Sandbox.objects.values_list("account__name", flat=True).get(pk=key))


def _page(asked: OfSandbox, sandbox: str | None, account: str | None = None) -> HttpResponse:
    query = EventQuery(type=asked.type, since=asked.since, sandbox=sandbox, source=asked.source, account=account)
    return answer(list_events(query, limit=asked.limit, cursor=asked.cursor))
