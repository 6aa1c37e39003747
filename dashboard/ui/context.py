"""What the frame around every page shows: whose fleet, whether it is simulated, counts, and how old the data is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from dashboard.access import callers
from dashboard.access.rights import Verb
from dashboard.live.shapes import PROTOCOL
from dashboard.ui.switcher import switcher
from events import endpoints
from sandboxes.alerts import acknowledging
from sandboxes.base.clock import is_fresh
from sandboxes.cleanup import freezing
from sandboxes.core import sight
from sandboxes.core.accounts import fleets, held_accounts
from sandboxes.models import Account, AccountHealth, Action, Freeze, Sandbox
from sandboxes.models.fields import opened

THEMES = ("dark", "light", "system")


@dataclass(frozen=True)
class Frame:
    """`stale_since` is the last good poll when that is late, or ahead of our clock; `waiting` counts marks in grace;
    `frozen` is the freeze that is on; `unreadable` names accounts and those of their secrets in use that no encryption
    key opens, `api_key` and `webhook_secret`; `never_listed` those whose list was never read, and why; `empty` are
    the real accounts, where all were listed and no sandbox was ever seen in any; `alerts` are the severities of those
    that fire, and that nobody has or silenced."""

    accounts: list[Account]
    simulated: bool
    live: int
    waiting: int
    polled_at: datetime | None
    poll_seconds: float | None
    poll_error: str
    sync_error: str
    stale_since: datetime | None
    frozen: Freeze | None
    unreadable: list[tuple[str, list[str]]]
    never_listed: list[tuple[str, str]]
    empty: list[Account]
    alerts: list[str]

    @property
    def account_keys(self) -> dict[str, str]:
        """By account, its key in the messages to the page."""
        return {account.name: str(account.pk) for account in self.accounts}


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of every template. The frame itself is read only when a template shows it."""
    current_freeze, held = cache(freezing.current), cache(held_accounts)
    return {
        "theme": theme_of(request),
        "frame": SimpleLazyObject(partial(read_frame, current_freeze, held)),
        "current_freeze": current_freeze,
        "switcher": SimpleLazyObject(lambda: switcher(request, held())),
        "server_now": timezone.now().timestamp(),
        "poll_interval": settings.POLL_INTERVAL_SECONDS,
        "live_protocol": PROTOCOL,
        "may_act": SimpleLazyObject(lambda: callers.may(callers.of_request(request), Verb.ACT)),
    }


def theme_of(request: HttpRequest) -> str:
    """The theme that the cookie remembers; the system's own for whoever has not chosen."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else "system"


def read_frame(
    current_freeze: Callable[[], Freeze | None] = freezing.current, held: Callable[[], list[Account]] = held_accounts
) -> Frame:
    """As of now, over all accounts that pages show; the freeze and the accounts for who has read them already."""
    accounts = sight.looked_at(held())
    ids = [account.pk for account in fleets(accounts)]
    counts = Sandbox.objects.filter(account__in=ids).aggregate(live=Count("id", filter=~Q(state=Sandbox.State.ENDED)))
    health = list(AccountHealth.objects.filter(account__in=ids).order_by("last_poll_at"))
    oldest = health[0] if health else None
    polled_at = oldest.last_poll_at if oldest else None
    return Frame(
        accounts=accounts,
        simulated=any(account.simulated for account in accounts),
        live=counts["live"],
        waiting=Action.objects.filter(account__in=ids, state=Action.State.GRACE).count(),
        polled_at=polled_at,
        poll_seconds=oldest.poll_seconds if oldest else None,
        poll_error=next((one.poll_error for one in health if one.poll_error), ""),
        sync_error=next((one.sync_error for one in health if one.sync_error), ""),
        stale_since=_stale_since(health, timezone.now()),
        frozen=current_freeze(),
        never_listed=_never_listed(health, {account.pk: account.name for account in accounts}),
        empty=[] if counts["live"] else _empty(accounts, health, ids),
        alerts=acknowledging.open_severities(),
        unreadable=[(account.name, names) for account in accounts if (names := _unreadable(account))],
    )


def _empty(accounts: Sequence[Account], health: Sequence[AccountHealth], ids: Sequence[int]) -> list[Account]:
    """All of them, or none: what is read and has nothing is another thing than what could not be read."""
    listed = {one.account_id for one in health if one.last_sync_at is not None and not one.sync_error}
    if not ids or listed != set(ids) or any(one.simulated for one in accounts):
        return []
    return [] if Sandbox.objects.filter(account__in=ids).exists() else list(accounts)


def _never_listed(health: Sequence[AccountHealth], names: Mapping[int, str]) -> list[tuple[str, str]]:
    """Whose fleet is unknown, so that every figure of it would be a made-up 0."""
    return [
        (names[one.account_id], one.sync_error)
        for one in health
        if one.last_sync_at is None and one.sync_error and one.account_id in names
    ]


def _unreadable(account: Account) -> list[str]:
    key = ["api_key"] if opened(account, "api_key") is None else []
    locked = endpoints.of_account(account, timezone.now().timestamp()).locked
    return [*key, "webhook_secret"] if locked else key


def _stale_since(health: Sequence[AccountHealth], now: datetime) -> datetime | None:
    """The oldest last poll that is late, or dated ahead of our clock; None when all that were polled are on time."""
    ticks = 2 * settings.POLL_INTERVAL_SECONDS
    polls = [(one.last_poll_at, timedelta(seconds=ticks + (one.poll_seconds or 0))) for one in health]
    return min((at for at, most in polls if at and not is_fresh(at, now, most)), default=None)
