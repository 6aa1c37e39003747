"""`/prices`: what a second costs, in general and for accounts with a price of their own."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from dashboard.accounts import pricing
from dashboard.api.answers import answer, returns
from dashboard.api.errors import Refusal, bad_request
from dashboard.api.params import Form, Moment, Paged, Text
from sandboxes.core.accounts import kept_accounts
from sandboxes.fleet.search import Page, cursors
from sandboxes.models import AccountPrice, Price

router = Router(tags=["cost"])
LATE: Final = timedelta(minutes=1)  # a request's own way
Usd = Annotated[Decimal, Field(ge=0, le=1, max_digits=14, decimal_places=10)]


class PriceBody(Form):
    """USD a second, from `since` on: now, or later. Without `account`: for all that have no price of their own."""

    account: Text | None = None
    since: Moment | None = None
    usd_per_vcpu_second: Usd
    usd_per_gib_second: Usd


class PriceRow(msgspec.Struct, frozen=True):
    """`account` is null for the general price."""

    account: str | None
    since: datetime
    usd_per_vcpu_second: Decimal
    usd_per_gib_second: Decimal


PriceList = msgspec.defstruct(
    "PriceList", [("items", list[PriceRow]), ("next", str | None), ("total", int)], module=__name__
)


class _After(msgspec.Struct, frozen=True, array_like=True):
    skipped: int


@router.get("", operation_id="list_prices", **returns(PriceList))
def list_prices(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """Newest first: general ones, and those of accounts that the caller holds."""
    found = pricing.visible(kept_accounts())
    start = cursors.decode(asked.cursor, _After).skipped if asked.cursor else 0
    end = start + asked.limit
    following = cursors.encode(_After(end)) if len(found) > end else None
    return answer(Page([_row(*one) for one in found[start:end]], following, len(found)))


@router.post("", operation_id="create_price", **returns(PriceRow, 201))
def create(request: HttpRequest, body: PriceBody) -> HttpResponse:
    """Adds a price. 400 for one in the past, which is never repriced; 409 where one begins at that moment."""
    now = timezone.now()
    since = body.since or now
    if since < now - LATE:
        raise bad_request("since: a price must not start in the past", {"field": "since"})
    account = None
    if body.account is not None:
        account = next((one for one in kept_accounts() if one.name == body.account), None)
        if account is None:
            raise bad_request(f"account: no account named {body.account!r}", {"field": "account"})
    try:
        made = pricing.add(account, max(since, now), body.usd_per_vcpu_second, body.usd_per_gib_second)
    except pricing.Taken as taken:
        raise Refusal(409, "conflict", str(taken)) from None
    return answer(_row(body.account, made), 201)


def _row(account: str | None, price: Price | AccountPrice) -> PriceRow:
    return PriceRow(account, price.since, price.usd_per_vcpu_second, price.usd_per_gib_second)
