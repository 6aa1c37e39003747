"""`/actions`: the audit trail, one action, its cancelling, and one request for many sandboxes."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

import msgspec
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field, ValidationError

from dashboard.access.asking import asking
from dashboard.api.acts import actor_of, not_in_state
from dashboard.api.answers import answer, caller, returns
from dashboard.api.audit import ActionKind, ActionList, ActionQuery, ActionRow, list_actions, row_of_action
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.idempotency import digest_of
from dashboard.api.params import Form, Paged, Seconds, Text, Word
from dashboard.api.sandboxes import Filter
from dashboard.api.strict import METADATA_PREFIX
from dashboard.models import ANSWERS_KEPT
from sandboxes.actions import NotInState, cancel
from sandboxes.cleanup import held_back
from sandboxes.fleet.search import keys_of, matching_ids, refuse_ambiguous, seen_accounts, visible_keys
from sandboxes.models import Action, BulkRequest, Sandbox

router = Router(tags=["actions"])
_MOST_IDS = 100_000
_CALLS = UUID("5b7d3c0e-9f52-4f0a-8f0e-2b6c1a7d4e90")


class AuditParameters(Paged):
    """`kind` and `state` may be several, with commas; `actor` is a name or `user`, `token`, `policy`."""

    sandbox: Word | None = None
    kind: Word | None = None
    state: Word | None = None
    actor: Word | None = None
    bulk_id: UUID | None = None


class BulkBody(Form):
    """For the sandboxes with these IDs, or for all that the filter of `GET /sandboxes` matches, as an object."""

    action: Literal["kill", "pause", "resume", "timeout", "extend", "protect", "unprotect"]
    ids: Annotated[list[Text], Field(min_length=1, max_length=_MOST_IDS)] | None = None
    filter: dict[str, Any] | Text | None = None
    expected_count: Annotated[int, Field(strict=True, ge=0)]
    seconds: Seconds | None = None
    reason: Text = ""


class BulkAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """`count` are taken; `refused` (only when there are any) were not in a state for it, each with the reason.

    Of more than 500 both are by our record: `GET /actions/bulk/{bulk_id}` tells what became of them. With an
    `approval_id` nothing is done until a second person has approved it (`GET /approvals/{id}`).
    """

    bulk_id: UUID
    count: int
    refused: dict[str, str] = {}
    approval_id: int | None = None


class BulkState(msgspec.Struct, frozen=True):
    """`taken` became actions, or joined open ones; `left` are not decided yet; `finished_at` when none is left."""

    bulk_id: UUID
    action: ActionKind
    taken: int
    left: int
    requested_at: datetime
    finished_at: datetime | None
    refused: dict[str, str]


@router.get("", operation_id="list_actions", **returns(ActionList))
def list_all(request: HttpRequest, asked: Query[AuditParameters]) -> HttpResponse:
    """Who asked for what, when, and what became of it; newest first."""
    query = ActionQuery(asked.sandbox, asked.kind, asked.state, asked.actor, asked.bulk_id)
    return answer(list_actions(query, limit=asked.limit, cursor=asked.cursor))


@router.post("/bulk", operation_id="request_bulk_action", **returns(BulkAsked, 202))
def bulk(request: HttpRequest, body: BulkBody) -> HttpResponse:
    """One request for many. 409 with the new count when it matches another number than `expected_count`.

    300 when several backends have one of the `ids`: a `filter` with `account` says which is meant.
    """
    if (body.ids is None) == (body.filter is None):
        raise bad_request("give either ids or filter")
    if body.ids is not None:
        refuse_ambiguous(body.ids, seen_accounts())
    keys = list(keys_of(set(body.ids)).values()) if body.ids is not None else _filtered(body.filter)
    if len(keys) != body.expected_count:
        message = f"it matches {len(keys)} sandboxes, not {body.expected_count}"
        raise Refusal(409, "count_differs", message, details={"count": len(keys)})
    wanted = {"seconds": body.seconds, "reason": body.reason, "bulk_id": _number_of_call(request)}
    try:
        done, held = held_back.request_bulk(asking(caller(request)), keys, body.action, timezone.now(), **wanted)
    except ValueError as error:
        raise bad_request(str(error)) from None
    waits = held.pk if held is not None else None
    return answer(BulkAsked(done.bulk_id, done.count, _by_id(done.refused), waits), 202)


@router.get("/bulk/{uuid:bulk_id}", operation_id="get_bulk_action", **returns(BulkState))
def bulk_state(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """How far a request for many has come: more than 500 are taken by a worker, some at a time."""
    wanted = BulkRequest.objects.filter(bulk_id=bulk_id).first()
    if wanted is None or not visible_keys(wanted.keys):
        raise not_found(f"bulk {bulk_id}")
    refused = _by_id({int(key): why for key, why in wanted.refused.items()})
    left = len(wanted.keys) - wanted.position
    return answer(BulkState(bulk_id, wanted.kind, wanted.taken, left, wanted.requested_at, wanted.finished_at, refused))


def _number_of_call(request: HttpRequest) -> UUID | None:
    """The same for the same call under an Idempotency-Key, also where its first try died before it answered."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    digest = digest_of("POST", request.get_full_path(), request.body)
    number, answered = uuid5(_CALLS, f"{caller(request).key}|{key}|{digest}"), timezone.now() - ANSWERS_KEPT
    while BulkRequest.objects.filter(bulk_id=number, requested_at__lte=answered).exists():
        number = uuid5(number, "a day later")  # the rule has run out: the same call is a request of its own again
    return number


def _by_id(refused: dict[int, str]) -> dict[str, str]:
    named = Sandbox.objects.filter(pk__in=visible_keys(list(refused))).values_list("pk", "sandbox_id")
    return {sandbox_id: refused[key] for key, sandbox_id in named}


@router.get("/{int:action_id}", operation_id="get_action", **returns(ActionRow))
def one(request: HttpRequest, action_id: int) -> HttpResponse:
    """One action, as far as it has come."""
    return answer(row_of_action(_action(action_id)))


@router.post("/{int:action_id}/cancel", operation_id="cancel_action", **returns(ActionRow))
def stop(request: HttpRequest, action_id: int) -> HttpResponse:
    """While in grace or queued; its policy then spares the sandbox for 24 hours."""
    try:
        cancel(_action(action_id), actor_of(request))
    except NotInState as error:
        raise not_in_state(error) from None
    return answer(row_of_action(_action(action_id)))


def _action(action_id: int) -> Action:
    found = Action.objects.filter(pk=action_id, account_id__in=seen_accounts()) if action_id < 2**63 else None
    action = found.select_related("sandbox", "account").first() if found is not None else None
    if action is None:
        raise not_found(f"action {action_id}")
    return action


def _filtered(given: dict[str, Any] | str | None) -> list[int]:
    """The keys of what a filter matches: an object, or the query string of `GET /sandboxes` itself."""
    if isinstance(given, str):
        given = QueryDict(given.removeprefix("?")).dict()
    given = given or {}
    metadata = {name: str(value) for name, value in given.items() if name.startswith(METADATA_PREFIX)}
    plain = {name: value for name, value in given.items() if name not in metadata}
    try:
        asked = Filter.model_validate(plain)
    except ValidationError as error:
        details = [{"field": ".".join(map(str, one["loc"])), "why": one["msg"]} for one in error.errors()]
        raise bad_request(f"filter: {details[0]['field']}: {details[0]['why']}", details) from None
    wanted = {name.removeprefix(METADATA_PREFIX): value for name, value in metadata.items()}
    return matching_ids(asked.query(wanted))
