"""`/limits`: how many may run and what may be spent, and who is over it."""

# ruff: noqa: ARG001 - every call is handed the request

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router

from dashboard.access import reach
from dashboard.api.answers import answer, caller, nothing, returns, takes
from dashboard.api.errors import Refusal, bad_request, not_found
from dashboard.api.params import Form, Paged
from dashboard.api.policies import json_of
from dashboard.limits import writing
from sandboxes.fleet.search import Page, cursors
from sandboxes.limits import book
from sandboxes.limits.live import Stands, stand
from sandboxes.limits.spec import LimitError, LimitSpec, parse
from sandboxes.models import Limit

router = Router(tags=["limits"])
LimitList = msgspec.defstruct(
    "LimitList", [("items", list[LimitSpec]), ("next", str | None), ("total", int)], module=__name__
)


class StatusAsked(Form):
    """`over`: those over their limit alone."""

    over: bool = False


class LimitStatus(msgspec.Struct, frozen=True):
    """`account` is null where several count together; `used_pct` is of the maximum that is used most.

    `since` is when it went over, or to its warning; `forecast_at` when the next budget is reached at the present burn,
    null where that is not before the end of the UTC day or month.
    """

    limit: str
    key: str
    value: str
    account: str | None
    running: int
    max_running: int | None
    usd_today: Decimal
    usd_per_day: Decimal | None
    usd_this_month: Decimal
    usd_per_month: Decimal | None
    used_pct: float
    state: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["ok", "warn", "over"]})]
    since: datetime | None
    forecast_at: datetime | None


class LimitStatusList(msgspec.Struct, frozen=True):
    """The most used first."""

    items: list[LimitStatus]


class _After(msgspec.Struct, frozen=True, array_like=True):
    name: str


@router.get("", operation_id="list_limits", **returns(LimitList))
def list_limits(request: HttpRequest, asked: Query[Paged]) -> HttpResponse:
    """By name."""
    limits, names = book.visible().order_by("name"), book.seen_names()
    rest = limits.filter(name__gt=cursors.decode(asked.cursor, _After).name) if asked.cursor else limits
    found = list(rest[: asked.limit + 1])
    following = cursors.encode(_After(found[asked.limit - 1].name)) if len(found) > asked.limit else None
    shown = [book.spec_of(one, names) for one in found[: asked.limit]]
    return answer(Page(shown, following, limits.count()))


@router.post("", operation_id="create_limit", **takes(LimitSpec, returns(LimitSpec, 201)))
def create(request: HttpRequest) -> HttpResponse:
    """A new limit. 409 where there is one of that name."""
    return answer(_written(request), 201)


@router.get("/status", operation_id="get_limit_status", **returns(LimitStatusList))
def status(request: HttpRequest, asked: Query[StatusAsked]) -> HttpResponse:
    """How everybody stands now: figures as `/cost` has them."""
    names = book.seen_names()
    found = [_row(one, names) for one in stand(timezone.now()) if not asked.over or one.now.state == "over"]
    return answer(LimitStatusList(found))


@router.get("/{name}", operation_id="get_limit", **returns(LimitSpec))
def one(request: HttpRequest, name: str) -> HttpResponse:
    """One limit."""
    return answer(book.spec_of(_limit(name), book.seen_names()))


@router.put("/{name}", operation_id="update_limit", **takes(LimitSpec, returns(LimitSpec)))
def change(request: HttpRequest, name: str) -> HttpResponse:
    """The whole limit anew. Policies that name it have a new version: their marks are void."""
    return answer(_written(request, _mine(request, name)))


@router.delete("/{name}", operation_id="delete_limit", **returns(None, 204))
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """409 while a policy names it."""
    try:
        book.delete(_mine(request, name))
    except book.Needed as why:
        raise Refusal(409, "conflict", str(why)) from None
    return nothing()


def _written(request: HttpRequest, limit: Limit | None = None) -> LimitSpec:
    try:
        written = writing.write(caller(request), parse(json_of(request)), limit)
    except (book.Taken, book.Needed) as why:
        raise Refusal(409, "conflict", str(why)) from None
    except LimitError as error:
        raise bad_request(str(error)) from None
    return book.spec_of(written, book.seen_names())


def _mine(request: HttpRequest, name: str) -> Limit:
    """One that the caller may change. Raises Refusal 404, and 403 where it counts accounts that they lack."""
    limit = _limit(name)
    reach.check(caller(request), writing.accounts_of(limit))
    return limit


def _limit(name: str) -> Limit:
    found = None if "\0" in name else book.visible().filter(name=name).first()
    if found is None:
        raise not_found(f"limit {name!r}")
    return found


def _row(stands: Stands, names: dict[int, str]) -> LimitStatus:
    now, spec = stands.now, stands.now.spec
    return LimitStatus(
        limit=spec.name, key=spec.key, value=now.value,
        account=None if now.account is None else names.get(now.account),
        running=now.running, max_running=spec.max_running,
        usd_today=now.usd_today, usd_per_day=spec.usd_per_day,
        usd_this_month=now.usd_this_month, usd_per_month=spec.usd_per_month,
        used_pct=round(now.used_pct, 2), state=now.state, since=stands.since, forecast_at=now.forecast_at,
    )  # fmt: skip
