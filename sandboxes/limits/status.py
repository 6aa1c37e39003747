"""How everybody stood at the last round, as rows for alerts and exports: read from the table, nothing is added up."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from sandboxes.models import Account, LimitState

STALE: Final = timedelta(seconds=60)


class LimitRow(msgspec.Struct, frozen=True):
    """One value against one limit as of `at`; `account` is the primary key, None where `accounts` count together.

    `accounts` are primary keys of all that the row counts. A row that is not `fresh` says what was, not what is.
    """

    limit: str
    key: str
    value: str
    account: int | None
    account_name: str | None
    accounts: tuple[int, ...]
    state: str
    used_pct: float
    since: datetime
    at: datetime
    running: int
    max_running: int | None
    usd_today: Decimal
    usd_per_day: Decimal | None
    usd_this_month: Decimal
    usd_per_month: Decimal | None
    forecast_at: datetime | None
    fresh: bool


def rows(now: datetime, limit: str | None = None) -> list[LimitRow]:
    """Of all limits, or of the one of that name; the most used first. Every account's: narrow them by `accounts`."""
    found = LimitState.objects.select_related("limit").order_by("-used_pct", "limit__name", "value", "account")
    names = dict(Account.objects.values_list("pk", "name"))
    return [_row(one, names, now) for one in (found if limit is None else found.filter(limit__name=limit))]


def _row(one: LimitState, names: dict[int, str], now: datetime) -> LimitRow:
    of, account = one.limit, one.account_id
    return LimitRow(
        limit=of.name, key=of.key, value=one.value, account=account,
        account_name=None if account is None else names.get(account),
        accounts=tuple(of.accounts or ()) if account is None else (account,),
        state=one.state, used_pct=one.used_pct, since=one.since, at=one.at,
        running=one.running, max_running=of.max_running,
        usd_today=one.usd_today, usd_per_day=of.usd_per_day,
        usd_this_month=one.usd_this_month, usd_per_month=of.usd_per_month,
        forecast_at=one.forecast_at, fresh=now - one.at <= STALE,
    )  # fmt: skip
