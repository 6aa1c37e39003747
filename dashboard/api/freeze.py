"""`/freeze`: the switch that holds every policy; each freeze stays on record, who set it, why, who lifted it."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from dashboard.access.asking import asking
from dashboard.access.rights import Verb
from dashboard.api.answers import answer, caller, returns
from dashboard.api.auth import need
from dashboard.api.params import Form, Text
from sandboxes.cleanup import freezing, held_back
from sandboxes.models import Freeze

router = Router(tags=["policies"])
MOST_TOLD = 50


class FreezeBody(Form):
    """`reason` is kept with a new freeze; one that is on already stays whose it is."""

    frozen: Annotated[bool, Field(strict=True)]
    reason: Text = ""


class FreezeRow(msgspec.Struct, frozen=True):
    """One freeze; `lifted_at` and `lifted_by` are null while it is on."""

    at: datetime
    by: str
    reason: str
    lifted_at: datetime | None
    lifted_by: str | None


class FreezeState(msgspec.Struct, frozen=True):
    """Whether everything is frozen now, and the freezes there were, newest first, 50 at most."""

    frozen: bool
    items: list[FreezeRow]


@router.get("", operation_id="get_freeze", **returns(FreezeState))
def read(request: HttpRequest) -> HttpResponse:
    """While it is on, policies judge and start nothing; what people and programs ask for goes on."""
    return _state()


@router.put("", operation_id="set_freeze", **returns(FreezeState))
def put(request: HttpRequest, body: FreezeBody) -> HttpResponse:
    """Freezes, or lifts it: marks then have as long to go as they had. What is so already stays.

    202 where lifting waits for a second person; `Location` leads to the approval.
    """
    name = caller(request).label
    if not body.frozen:
        need(caller(request), Verb.ADMIN)
    if body.frozen:
        freezing.freeze(name, body.reason)
    elif (held := held_back.lift_freeze(asking(caller(request)), name, timezone.now())) is not None:
        waits = _state(202)
        waits["Location"] = f"/api/v1/approvals/{held.pk}"
        return waits
    return _state()


def _state(status: int = 200) -> HttpResponse:
    rows = [
        FreezeRow(one.at, one.by, one.reason, one.lifted_at, one.lifted_by or None)
        for one in Freeze.objects.order_by("-at", "-pk")[:MOST_TOLD]
    ]
    return answer(FreezeState(freezing.current() is not None, rows), status)
