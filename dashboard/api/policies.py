"""`/policies`: what is an orphan, and what to do with it."""

# ruff: noqa: ARG001 - every call is handed the request

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from dashboard.access import reach
from dashboard.access.asking import asking
from dashboard.api.answers import answer, caller, nothing, returns, takes
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.params import Paged
from dashboard.api.policy_view import PolicyView, views_of
from sandboxes.cleanup import held_back, policy_book
from sandboxes.core import queue
from sandboxes.fleet.search import Page, cursors
from sandboxes.models import Approval, Policy
from sandboxes.policies import PolicyError, PolicySpec, parse

router = Router(tags=["policies"])
PolicyList = msgspec.defstruct(
    "PolicyList", [("items", list[PolicyView]), ("next", str | None), ("total", int)], module=__name__  # type: ignore[valid-type]
)  # fmt: skip


class _After(msgspec.Struct, frozen=True, array_like=True):
    name: str


@router.get("", operation_id="list_policies", **returns(PolicyList))
def list_policies(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """By name, each with how it is doing."""
    policies = policy_book.visible().order_by("name")
    rest = policies.filter(name__gt=cursors.decode(asked.cursor, _After).name) if asked.cursor else policies
    found = list(rest[: asked.limit + 1])
    following = cursors.encode(_After(found[asked.limit - 1].name)) if len(found) > asked.limit else None
    return answer(Page(views_of(found[: asked.limit], timezone.now()), following, policies.count()))


@router.post("", operation_id="create_policy", **takes(PolicySpec, returns(PolicyView, 201)))
def make(request: HttpRequest) -> HttpResponse:
    """A new policy. REST takes what it is given: `enforce` enforces."""
    return _written(*_write(request), 201)


@router.get("/{int:policy_id}", operation_id="get_policy", **returns(PolicyView))
def one(request: HttpRequest, policy_id: int) -> HttpResponse:
    """One policy."""
    return _view(policy_of(policy_id))


@router.put("/{int:policy_id}", operation_id="update_policy", **takes(PolicySpec, returns(PolicyView)))
def change(request: HttpRequest, policy_id: int) -> HttpResponse:
    """The whole policy anew; a change gives it a new version and voids its marks.

    202 where enforcing waits for a second person: it is a dry run until then, and `Location` leads to the approval.
    """
    return _written(*_write(request, _mine(request, policy_id)), 200)


@router.delete("/{int:policy_id}", operation_id="delete_policy", **returns(None, 204))
def delete(request: HttpRequest, policy_id: int) -> HttpResponse:
    """With its marks; its verdicts stay on record."""
    policy_book.delete(_mine(request, policy_id))
    return nothing()


@router.post("/{int:policy_id}/run", operation_id="run_policy", **returns(PolicyView, 202))
def run(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Evaluates now: look at `status.last_run_at`. 409 while it is not enabled."""
    policy = _mine(request, policy_id)
    if not policy.enabled:
        raise Refusal(409, "not_in_state", "the policy is not enabled: nothing would be evaluated")
    try:
        queue.enqueue("sandboxes.tasks.reap")
    except queue.QueueAway:
        raise Refusal(503, "unavailable", "redis is unavailable; try again in a moment", retry_after=5) from None
    return _view(policy, 202)


@router.post("/{int:policy_id}/reset", operation_id="reset_policy", **returns(PolicyView))
def reset(request: HttpRequest, policy_id: int) -> HttpResponse:
    """Closes a tripped breaker."""
    policy_book.reset(_mine(request, policy_id))
    return _view(policy_of(policy_id))


def _written(policy: Policy, held: Approval | None, status: int) -> HttpResponse:
    answered = _view(policy, status if held is None else 202)
    if held is not None:
        answered["Location"] = f"/api/v1/approvals/{held.pk}"
    return answered


def _view(policy: Policy, status: int = 200) -> HttpResponse:
    return answer(views_of([policy], timezone.now())[0], status)


def _write(request: HttpRequest, policy: Policy | None = None) -> tuple[Policy, Approval | None]:
    try:
        spec = parse(json_of(request))
        meant = policy_book.for_accounts(spec, reach.named(caller(request), spec.match.accounts))
        return held_back.write_policy(asking(caller(request)), meant, policy, timezone.now())
    except PolicyError as error:
        raise bad_request(str(error)) from None


def _mine(request: HttpRequest, policy_id: int) -> Policy:
    """One that the caller may change. Raises Refusal 404, and 403 where it also stands for accounts they lack."""
    policy = policy_of(policy_id)
    reach.check(caller(request), (policy.match or {}).get("accounts", ()))
    return policy


def json_of(request: HttpRequest) -> Any:
    """The body as it was sent. Raises Refusal 400 when it is no JSON."""
    try:
        return msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise bad_request(f"the body is no JSON: {error}") from None


def policy_of(policy_id: int) -> Policy:
    """The stored policy. Raises Refusal 404."""
    policy = policy_book.visible().filter(pk=policy_id).first() if policy_id < 2**63 else None
    if policy is None:
        raise not_found(f"policy {policy_id}")
    return policy
