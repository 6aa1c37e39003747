"""`/audit`: sign-ins, and what was changed of people, tokens, accounts and policies, and what was exported."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from dashboard.access import audited
from dashboard.api.answers import answer, caller, returns
from dashboard.api.errors import bad_request
from dashboard.api.paging import by_key
from dashboard.api.params import Moment, Paged, Word
from sandboxes.actions import settings_trail
from sandboxes.actions.settings_trail import SUBJECTS, VERBS
from sandboxes.fleet.search import Page
from sandboxes.models import AuditEntry

router = Router(tags=["access"])
_SUBJECT = "A kind, or a kind, a colon and a name: `policy:Old ones`."


class AuditAsked(Paged):
    """`actor` is a name, or `user`, `token`, `command`, `server`, `database`, `nobody`."""

    subject: Annotated[Word, Field(description=_SUBJECT)] | None = None
    actor: Word | None = None
    since: Moment | None = None
    account: Word | None = None


class AuditSubject(msgspec.Struct, frozen=True):
    """`id` is null where there is none; `name` is null where it was erased."""

    kind: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(SUBJECTS)})]
    id: str | None
    name: str | None


class AuditActor(msgspec.Struct, frozen=True):
    """A person, a token, a command (`manage.py NAME`), the server itself, a role that wrote past it, or nobody."""

    kind: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(settings_trail.ACTORS)})]
    name: str


class AuditRow(msgspec.Struct, frozen=True):
    """One entry of the chain. `number` and `hash` (SHA-256 in hex over it and the hash before) come within seconds.

    `accounts` is null where none is named. Of what is secret `before` and `after` say only whether there was one.
    """

    id: int
    at: datetime
    subject: AuditSubject
    verb: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(VERBS)})]
    actor: AuditActor
    accounts: list[str] | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    number: int | None
    hash: str | None


AuditList = msgspec.defstruct(
    "AuditList", [("items", list[AuditRow]), ("next", str | None), ("total", int)], module=__name__
)


@router.get("", operation_id="list_audit", **returns(AuditList))
def list_audit(request: HttpRequest, asked: Query[AuditAsked]) -> HttpResponse:
    """The newest first; in one chain with the actions' trail, which `manage.py verify_audit` walks."""
    accounts = None if asked.account is None else asked.account.split(",")
    try:
        found = audited.seen_by(
            caller(request), subject=asked.subject, actor=asked.actor, since=asked.since, accounts=accounts
        )
    except ValueError as wrong:
        raise bad_request(str(wrong), {"field": "subject"}) from None
    shown, following = by_key(found, asked)
    return answer(Page([row_of(one) for one in shown], following, found.count()))


def row_of(entry: AuditEntry) -> AuditRow:
    """An entry on a setting, as REST shows it."""
    told = entry.change["setting"]
    actor = told["actor"] | ({"name": entry.change["actor_name"]} if "actor_name" in entry.change else {})
    return AuditRow(
        id=entry.pk,
        at=entry.at,
        subject=AuditSubject(told["subject"], told["id"], told.get("name")),
        verb=told["verb"],
        actor=AuditActor(actor["kind"], actor["name"]),
        accounts=told["accounts"],
        before=told.get("before"),
        after=told.get("after"),
        number=entry.number,
        hash=None if entry.hash is None else bytes(entry.hash).hex(),
    )
