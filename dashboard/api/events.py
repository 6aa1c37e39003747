"""`/events` and `/sandboxes/{id}/events`: what happened, newest first."""

# ruff: noqa: ARG001 - every call is handed the request

from typing import Annotated, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.api.answers import answer, returns
from dashboard.api.params import Moment, Paged, Word
from dashboard.api.sandboxes import key_or_refusal
from dashboard.sandboxes.filters import several
from events.listing import SOURCES, EventQuery, EventRow, list_events
from sandboxes.models import Sandbox

router = Router(tags=["events"])
of_sandbox = Router(tags=["events"])
EventList = msgspec.defstruct(
    "EventList", [("items", list[EventRow]), ("next", str | None), ("total", int)], module=__name__
)


class OfSandbox(Paged):
    """`type` is a whole type or its last word, several with commas; `since` and `until` are by the event's own time."""

    type: Word | None = None
    since: Moment | None = None
    until: Moment | None = None
    source: Annotated[Word, Field(json_schema_extra={"enum": list(SOURCES)})] | None = None


class OfAll(OfSandbox):
    """`owner` and `template` (ID or name) are those of the sandbox now, several with commas; `text` is part of the
    sandbox's ID, of its owner or of the event's data."""

    sandbox: Word | None = None
    account: Word | None = None
    owner: Word | None = None
    template: Word | None = None
    text: Word | None = None


@router.get("", operation_id="list_events", **returns(EventList))
def all_events(request: HttpRequest, asked: Query[OfAll]) -> HttpResponse:
    """Of the whole fleet; of one sandbox with `sandbox`."""
    return _page(
        asked, asked.sandbox, asked.account,
        owner=several(asked.owner or ""), template=several(asked.template or ""), text=asked.text,
    )  # fmt: skip


@of_sandbox.get("/{sandbox_id}/events", operation_id="list_sandbox_events", **returns(EventList))
def events_of_sandbox(request: HttpRequest, sandbox_id: str, asked: Query[OfSandbox]) -> HttpResponse:
    """Of one sandbox, all its runs."""
    key = key_or_refusal(request, sandbox_id)
    return _page(asked, sandbox_id, Sandbox.objects.values_list("account__name", flat=True).get(pk=key))


def _page(asked: OfSandbox, sandbox: str | None, account: str | None = None, **more: Any) -> HttpResponse:
    query = EventQuery(
        type=asked.type,
        since=asked.since,
        until=asked.until,
        source=asked.source,
        sandbox=sandbox,
        account=account,
        **more,
    )
    return answer(list_events(query, limit=asked.limit, cursor=asked.cursor))
