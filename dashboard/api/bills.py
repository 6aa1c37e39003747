"""`/cost/explained`, `/cost/habits`, `/cost/invoices`: why the bill changed, what would save, and one's own check."""

# ruff: noqa: ARG001 - every call is handed the request

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from dashboard.access import reach
from dashboard.api.answers import answer, caller, nothing, returns
from dashboard.api.errors import bad_request, not_found
from dashboard.api.params import Form, Moment
from sandboxes.core.accounts import kept_accounts
from sandboxes.cost import Bill, Habits, QuestionError, explain, habits
from sandboxes.cost.invoices import Invoice, enter, forget, invoices
from sandboxes.models import Account

router = Router(tags=["cost"])
WEEK: Final = timedelta(days=7)
LONGEST: Final = timedelta(days=400)  # as long as runs are kept


class SpanAsked(Form):
    """From `from` to `to`; the last 7 days unless told."""

    start: Annotated[Moment | None, Field(alias="from")] = None
    end: Annotated[Moment | None, Field(alias="to")] = None

    def between(self, now: datetime) -> tuple[datetime, datetime]:
        """Both ends. Raises Refusal 400 for a span longer than runs are kept."""
        end = self.end or now
        start = self.start or end - WEEK
        if end - start > LONGEST:
            raise bad_request(f"from and to must lie within {LONGEST.days} days")
        return start, end


class InvoiceBody(Form):
    """What was charged for the month, in USD."""

    usd: Annotated[Decimal, Field(ge=0, le=1_000_000_000, max_digits=12, decimal_places=2)]


class InvoiceList(msgspec.Struct, frozen=True):
    """The newest month first."""

    items: list[Invoice]


@router.get("/explained", operation_id="explain_cost", **returns(Bill))
def explained(request: HttpRequest, asked: Query[SpanAsked]) -> HttpResponse:
    """A span against as long a time before it, by owner and template; the parts add up to the difference exactly."""
    now = timezone.now()
    try:
        return answer(explain(*asked.between(now), now))
    except QuestionError as error:
        raise bad_request(str(error)) from None


@router.get("/habits", operation_id="get_habits", **returns(Habits))
def get_habits(request: HttpRequest, asked: Query[SpanAsked]) -> HttpResponse:
    """How the runs that ended in a span ended, and the timeout that would have saved most; that comes first."""
    try:
        return answer(habits(*asked.between(timezone.now())))
    except QuestionError as error:
        raise bad_request(str(error)) from None


@router.get("/invoices", operation_id="list_invoices", **returns(InvoiceList))
def list_invoices(request: HttpRequest) -> HttpResponse:
    """What was entered, beside our estimate of the same month."""
    return answer(InvoiceList(invoices(timezone.now())))


@router.put("/invoices/{name}/{month}", operation_id="enter_invoice", **returns(Invoice))
def enter_invoice(request: HttpRequest, name: str, month: str, body: InvoiceBody) -> HttpResponse:
    """Of an account and a month (`2026-11`), in the place of what was entered before."""
    account, first, now = _account(request, name), _month(month), timezone.now()
    if first > now.date():
        raise bad_request("month: it has not begun yet", {"field": "month"})
    enter(account, first, body.usd, caller(request).label, now)
    return answer(next(one for one in invoices(now, [account.pk]) if one.month == month))


@router.delete("/invoices/{name}/{month}", operation_id="delete_invoice", **returns(None, 204))
def delete_invoice(request: HttpRequest, name: str, month: str) -> HttpResponse:
    """What was entered is forgotten; the audit keeps it."""
    if not forget(_account(request, name), _month(month)):
        raise not_found(f"invoice of {month}")
    return nothing()


def _account(request: HttpRequest, name: str) -> Account:
    """One that the caller may see. Raises Refusal 404."""
    found = next((one for one in kept_accounts() if one.name == name), None)
    if found is None:
        raise not_found(f"account {name!r}")
    reach.check(caller(request), [name])
    return found


def _month(text: str) -> date:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise bad_request("month must be written as 2026-11", {"field": "month"})
    return datetime(int(text[:4]), int(text[5:]), 1, tzinfo=UTC).date()
