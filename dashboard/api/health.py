"""`/health`: how we reach each account, and what its backend can do."""

# ruff: noqa: ARG001 - every call is handed the request

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from dashboard.api.answers import answer, returns
from events import endpoints
from events.missed import missed_by_webhook
from runner.version import version as of_the_code
from sandboxes.base.clock import is_fresh
from sandboxes.core.accounts import enabled_accounts
from sandboxes.models import Account, AccountHealth

router = Router(tags=["health"])
_MISSED_ROUNDS = 4


class AccountState(msgspec.Struct, frozen=True):
    """An account as seen from here. `reachable` is null before the first try, `cap` when nobody told it.

    `webhook_missed_24h` counts the last day's events that no webhook brought within a minute; null before the first
    delivery, since nothing says that there is a webhook. `webhook_secret_locked`: it can't be decrypted here, and
    deliveries are answered 503 until it is entered again.
    """

    name: str
    url: str
    reachable: bool | None
    last_sync_at: datetime | None
    last_poll_at: datetime | None
    poll_seconds: float | None
    webhook_last_at: datetime | None
    webhook_missed_24h: int | None
    webhook_secret_locked: bool
    cap: int | None
    capabilities: dict[str, Any]


class Health(msgspec.Struct, frozen=True):
    """`ok`, or `degraded` when an account can't be read, was not read for some rounds, or its webhooks can't be
    checked."""

    status: Literal["ok", "degraded"]
    version: str
    accounts: list[AccountState]


@router.get("", operation_id="get_health", **returns(Health))
def health(request: HttpRequest) -> HttpResponse:
    """Each account in sight: reachable, read when, how fast, what its backend can do."""
    now = timezone.now()
    states = states_of(enabled_accounts(), now)
    patience = timedelta(seconds=_MISSED_ROUNDS * settings.SYNC_INTERVAL_SECONDS)
    well = all(one.reachable and one.last_sync_at and is_fresh(one.last_sync_at, now, patience) for one in states)
    well = well and not any(one.webhook_secret_locked for one in states)
    return answer(Health("ok" if well else "degraded", version(), states))


def states_of(accounts: Sequence[Account], now: datetime) -> list[AccountState]:
    """Each of the accounts, in their order."""
    read = {one.account_id: one for one in AccountHealth.objects.filter(account__in=accounts)}
    missed = missed_by_webhook([account.pk for account in accounts], now)
    return [
        _state(account, read.get(account.pk) or AccountHealth(account=account), missed.get(account.pk))
        for account in accounts
    ]


@cache
def version() -> str:
    """Ours, read once."""
    return of_the_code()


def _state(account: Account, read: AccountHealth, missed: int | None) -> AccountState:
    return AccountState(
        name=account.name,
        url=account.url,
        reachable=read.reachable,
        last_sync_at=read.last_sync_at,
        last_poll_at=read.last_poll_at,
        poll_seconds=read.poll_seconds,
        webhook_last_at=read.webhook_last_at,
        webhook_missed_24h=missed,
        webhook_secret_locked=endpoints.of_account(account, timezone.now().timestamp()).locked,
        cap=account.cap,
        capabilities=account.capabilities,
    )
