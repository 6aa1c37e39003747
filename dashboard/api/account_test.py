"""`POST /accounts/test`: a backend is asked now, nothing is stored. And the calls of an account named `test`."""

from typing import Annotated

import msgspec
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from dashboard.accounts import same_fleet, testing, tries
from dashboard.accounts.capability_words import Capability, table
from dashboard.accounts.testing import Check
from dashboard.api import accounts
from dashboard.api.account_models import AccountChange, AccountView, ApiKey, Key, Url
from dashboard.api.answers import answer, caller, returns
from dashboard.api.errors import Refusal
from dashboard.api.params import Form, Text

router = Router(tags=["accounts"])
NAME = "test"


class ListFilter(Form):
    """Only sandboxes with all of this metadata."""

    metadata: Annotated[dict[Key, Text], Field(max_length=20)] = {}


class AccountTestBody(Form):
    """As an account would be added; the key on record of another is never used."""

    url: Url
    api_key: ApiKey | None = None
    list_filter: ListFilter | None = None


class AccountTested(msgspec.Struct, frozen=True):
    """`ok` when every check is. `capabilities` and `sandboxes` are null where the backend did not answer.

    `same_fleet_as`: an account of the caller's that lists these sandboxes already.
    """

    ok: bool
    checks: list[Check]
    capabilities: dict[str, Capability] | None
    sandboxes: int | None
    same_fleet_as: str | None


@router.post("/test", operation_id="test_account", **returns(AccountTested))
def test(request: HttpRequest, body: AccountTestBody) -> HttpResponse:
    """Connects now. What is wrong is told in `checks`, with 200; 429 above ten tries a minute."""
    if wait := tries.wait_seconds(caller(request)):
        told = f"at most {tries.MOST} tests a minute: try again in {wait:.0f} s"
        raise Refusal(429, "rate_limited", told, retry_after=wait)
    metadata = body.list_filter.metadata if body.list_filter else None
    tested = async_to_sync(testing.ask_backend)(body.url, body.api_key or "", metadata)
    can = None if tested.capabilities is None else table(tested.capabilities.to_dict())
    same = same_fleet.name_of(tested.listed)
    return answer(AccountTested(tested.ok, tested.checks, can, tested.sandboxes, same))


# `/accounts/test` is also the address of an account of that name.
@router.get("/test", operation_id="get_account", include_in_schema=False, **returns(AccountView))
def one(request: HttpRequest) -> HttpResponse:
    """The account named `test`."""
    return accounts.one(request, NAME)


@router.patch("/test", operation_id="update_account", include_in_schema=False, **returns(AccountView))
def change(request: HttpRequest, body: AccountChange) -> HttpResponse:
    """Changes the account named `test`."""
    return accounts.change(request, NAME, body)


@router.delete("/test", operation_id="delete_account", include_in_schema=False, **returns(None, 204))
def delete(request: HttpRequest) -> HttpResponse:
    """Deletes the account named `test`."""
    return accounts.delete(request, NAME)
