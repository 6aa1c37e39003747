"""`/accounts`: read, added, changed, deleted; and a tripped brake reset."""

# ruff: noqa: ARG001 - every call is handed the request

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import msgspec
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from dashboard.access.asking import asking
from dashboard.accounts import changing, deleting
from dashboard.api.account_models import AccountBody, AccountChange, AccountView, view
from dashboard.api.answers import answer, caller, nothing, returns
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.health import states_of
from dashboard.api.once import never_kept
from dashboard.api.params import Paged
from sandboxes.actions import brake
from sandboxes.cleanup import held_back
from sandboxes.core import sight
from sandboxes.core.accounts import enabled_accounts, kept_accounts
from sandboxes.fleet.search import Page, cursors
from sandboxes.models import Account

router = Router(tags=["accounts"])


class BrakeState(msgspec.Struct, frozen=True):
    """The most actions of all policies together on an account, and whether they have reached it."""

    account: str
    per_hour: int
    per_day: int
    tripped_at: datetime | None
    why: str


AccountList = msgspec.defstruct(
    "AccountList", [("items", list[AccountView]), ("next", str | None), ("total", int)], module=__name__
)


class _After(msgspec.Struct, frozen=True, array_like=True):
    key: int


@router.get("", operation_id="list_accounts", **returns(AccountList))
def list_accounts(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """Accounts that the caller holds, oldest first; disabled ones too."""
    found = sight.looked_at(kept_accounts())
    after = cursors.decode(asked.cursor, _After).key if asked.cursor else 0
    rest = [one for one in found if one.pk > after]
    shown = rest[: asked.limit]
    following = cursors.encode(_After(shown[-1].pk)) if len(rest) > len(shown) else None
    return answer(Page(_views(shown), following, len(found)))


@router.post("", operation_id="create_account", **returns(AccountView, 201))
def create(request: HttpRequest, body: AccountBody) -> HttpResponse:
    """Adds one. Nobody may act on it (`actions`: `none`) unless `confirm` repeats its name. 409 for a name in use."""
    with _refusals():
        made = changing.add(body.name, body.given(), body.confirm)
    return never_kept(answer(_views([made])[0], 201), made.pk)


@router.get("/{slug:name}", operation_id="get_account", **returns(AccountView))
def one(request: HttpRequest, name: str) -> HttpResponse:
    """One account."""
    return answer(_views([_account(name)])[0])


@router.patch("/{slug:name}", operation_id="update_account", **returns(AccountView))
def change(request: HttpRequest, name: str, body: AccountChange) -> HttpResponse:
    """Changes what is sent. Another scheme, host or port needs `api_key` again; raising `actions` needs `confirm`.

    202 where a higher `brake` waits for a second person; `Location` leads to the approval.
    """
    who, account, given = caller(request), _account(name), body.given()
    with _refusals(), transaction.atomic():
        limits = given.get("brake", account.brake)
        held = held_back.raise_brake(asking(who), account, limits, timezone.now())
        if held is not None:
            del given["brake"]
        changed = changing.change(account, given, body.confirm)
    answered = answer(_views([changed])[0], 200 if held is None else 202)
    if held is not None:
        answered["Location"] = f"/api/v1/approvals/{held.pk}"
    return answered


@router.delete("/{slug:name}", operation_id="delete_account", **returns(None, 204))
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Out of sight at once, its key forgotten; its history and its name are kept for 400 days more."""
    try:
        deleting.delete(_account(name))
    except deleting.SetByEnvironment as set_there:
        raise Refusal(409, "set_by_environment", str(set_there)) from None
    return nothing()


@router.post("/{slug:name}/reset-brake", operation_id="reset_account_brake", **returns(BrakeState))
def reset_brake(request: HttpRequest, name: str) -> HttpResponse:
    """Policies may act on the account again; what they did until now no longer counts."""
    account = next((one for one in enabled_accounts() if one.name == name), None)
    if account is None:
        raise not_found(f"account {name!r}")
    now = timezone.now()
    row = brake.reset(account, caller(request).label, now)
    limits = brake.limits_of(account, now)
    return answer(BrakeState(account.name, limits.per_hour, limits.per_day, row.tripped_at, row.why))


def _account(name: str) -> Account:
    found = next((one for one in sight.looked_at(kept_accounts()) if one.name == name), None)
    if found is None:
        raise not_found(f"account {name!r}")
    return found


def _views(accounts: Sequence[Account]) -> list[AccountView]:
    names = {one.pk: one.name for one in sight.held(Account.objects.only("name"))}
    states = states_of(accounts, timezone.now())
    return [view(account, state, names) for account, state in zip(accounts, states, strict=True)]


@contextmanager
def _refusals() -> Iterator[None]:
    """What can't be done, in our shape."""
    try:
        yield
    except changing.NameInUse as taken:
        raise Refusal(409, "name_in_use", str(taken)) from None
    except changing.KeyNeeded as needed:
        raise Refusal(400, "key_needed", str(needed), details={"field": "api_key"}) from None
    except changing.NotConfirmed as unsure:
        raise Refusal(400, "confirm_needed", str(unsure), details={"field": "confirm"}) from None
    except changing.Invalid as wrong:
        raise bad_request(str(wrong), {"field": wrong.field}) from None
