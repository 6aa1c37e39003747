"""`/silences` and `/routes`: of what nobody is told for a while, and which channels alerts go to by their group."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from dashboard.api.answers import answer, caller, nothing, returns, takes
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.paging import by_key
from dashboard.api.params import Paged
from dashboard.api.policies import json_of
from sandboxes.alerts import routes, silences
from sandboxes.alerts.rules.matching import MatchError, Routes, SilenceMatch, converted, parse_match
from sandboxes.fleet.search import Page
from sandboxes.models import Silence as Row

router = Router(tags=["alerts"])
routing = Router(tags=["alerts"])


class NewSilence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`match` needs at least one of its fields; `until` lies ahead, 30 days at most; `reason` says why."""

    match: SilenceMatch
    until: Annotated[datetime, msgspec.Meta(tz=True)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Silence(msgspec.Struct, frozen=True):
    """While `active`, nobody is told of what it matches; one that was ended early says by whom."""

    id: int
    match: SilenceMatch
    since: datetime
    until: datetime
    reason: str
    made_by: str
    ended_by: str | None
    active: bool


SilenceList = msgspec.defstruct(
    "SilenceList", [("items", list[Silence]), ("next", str | None), ("total", int)], module=__name__
)


@router.get("", operation_id="list_silences", **returns(SilenceList))
def list_silences(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """The newest first, those that have ended too."""
    found = silences.visible()
    shown, following = by_key(found, asked)
    return answer(Page([_view(one) for one in shown], following, found.count()))


@router.post("", operation_id="create_silence", **takes(NewSilence, returns(Silence, 201)))
def create(request: HttpRequest) -> HttpResponse:
    """From now until then, 30 days at most, of the caller's accounts alone; what it matches is judged and shown on."""
    who = caller(request)
    try:
        body = converted(json_of(request), NewSilence)
        made = silences.make(msgspec.to_builtins(body.match), body.until, body.reason, who.label, who.rights.accounts)
    except MatchError as error:
        raise bad_request(str(error)) from None
    return answer(_view(made), 201)


@router.get("/{int:silence_id}", operation_id="get_silence", **returns(Silence))
def one(request: HttpRequest, silence_id: int) -> HttpResponse:
    """One of them."""
    return answer(_view(_found(silence_id)))


@router.delete("/{int:silence_id}", operation_id="end_silence", **returns(None, 204))
def end(request: HttpRequest, silence_id: int) -> HttpResponse:
    """It silences nothing any more, and stays on record. 409 for one that has ended, 403 for accounts one lacks."""
    found, who = _found(silence_id), caller(request)
    if who.rights.accounts is not None and (found.accounts is None or not who.rights.holds(found.accounts)):
        raise Refusal(403, "forbidden", "it silences accounts that you lack", details={"needs": ["accounts"]})
    try:
        silences.end(found, who.label)
    except silences.NotOver as over:
        raise Refusal(409, "not_in_state", str(over)) from None
    return nothing()


@routing.get("", operation_id="get_routes", **returns(Routes))
def read_routes(request: HttpRequest) -> HttpResponse:
    """The first that fits counts; the default is for what none fits and for rules without channels."""
    return answer(routes.as_dict(routes.routes()))


@routing.put("", operation_id="set_routes", **takes(Routes, returns(Routes)))
def set_routes(request: HttpRequest) -> HttpResponse:
    """All of them anew."""
    try:
        return answer(routes.as_dict(routes.write(json_of(request))))
    except MatchError as error:
        raise bad_request(str(error)) from None


def _view(row: Row) -> Silence:
    return Silence(
        row.pk, parse_match(row.match), row.since, row.until, row.reason, row.made_by, row.ended_by or None,
        row.since <= timezone.now() < row.until,
    )  # fmt: skip


def _found(silence_id: int) -> Row:
    found = silences.visible().filter(pk=silence_id).first() if silence_id < 2**63 else None
    if found is None:
        raise not_found(f"silence {silence_id}")
    return found
