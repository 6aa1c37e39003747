"""`/approvals`: what waits for a second person, and their word."""

from datetime import datetime
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.access import asking
from dashboard.api.answers import answer, caller, returns
from dashboard.api.errors import Refusal, not_found
from dashboard.api.naming import all_names
from dashboard.api.paging import by_key
from dashboard.api.params import Paged, Word
from sandboxes.cleanup.approvals import NotDecided
from sandboxes.fleet.search import Page
from sandboxes.models import Approval as Row

router = Router(tags=["access"])


class ApprovalsAsked(Paged):
    """Of one state, or of all."""

    state: Annotated[Word, Field(json_schema_extra={"enum": Row.State.values})] | None = None


class Approval(msgspec.Struct, frozen=True):
    """`accounts` is null for all. `outcome` says why an approved one came to nothing (`void`)."""

    id: int
    kind: Annotated[str, msgspec.Meta(extra_json_schema={"enum": Row.Kind.values})]
    state: Annotated[str, msgspec.Meta(extra_json_schema={"enum": Row.State.values})]
    summary: str
    accounts: list[str] | None
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    outcome: str | None


ApprovalList = msgspec.defstruct(
    "ApprovalList", [("items", list[Approval]), ("next", str | None), ("total", int)], module=__name__
)


@router.get("", operation_id="list_approvals", **returns(ApprovalList))
def list_approvals(request: HttpRequest, asked: Query[ApprovalsAsked]) -> HttpResponse:
    """The newest first."""
    found = asking.seen_by(caller(request))
    if asked.state is not None:
        found = found.filter(state=asked.state)
    shown, following = by_key(found, asked)
    names = all_names()
    return answer(Page([_view(one, names) for one in shown], following, found.count()))


@router.get("/{int:approval_id}", operation_id="get_approval", **returns(Approval))
def one(request: HttpRequest, approval_id: int) -> HttpResponse:
    """One of them."""
    return answer(_view(_found(request, approval_id), all_names()))


@router.post("/{int:approval_id}/approve", operation_id="approve", **returns(Approval))
def approve(request: HttpRequest, approval_id: int) -> HttpResponse:
    """Does what was asked for, as whoever asked. 409 for whoever may not say so, and when it waits no longer."""
    return _decided(request, approval_id, yes=True)


@router.post("/{int:approval_id}/reject", operation_id="reject", **returns(Approval))
def reject(request: HttpRequest, approval_id: int) -> HttpResponse:
    """It is not done."""
    return _decided(request, approval_id, yes=False)


def _decided(request: HttpRequest, approval_id: int, *, yes: bool) -> HttpResponse:
    try:
        decided = asking.decide(caller(request), _found(request, approval_id), yes=yes)
    except NotDecided as why:
        raise Refusal(409, "not_in_state", str(why)) from None
    return answer(_view(decided, all_names()))


def _found(request: HttpRequest, approval_id: int) -> Row:
    found = asking.seen_by(caller(request)).filter(pk=approval_id).first() if approval_id < 2**63 else None
    if found is None:
        raise not_found(f"approval {approval_id}")
    return found


def _view(row: Row, names: dict[int, str]) -> Approval:
    accounts = None if row.accounts is None else [names[key] for key in row.accounts if key in names]
    return Approval(
        row.pk, row.kind, row.state, row.summary, accounts, row.asked_by, row.asked_at, row.expires_at,
        row.decided_by or None, row.decided_at, row.outcome or None,
    )  # fmt: skip
