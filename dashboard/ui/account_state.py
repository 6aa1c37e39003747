"""How an account does: one mark and few words, the same in the menu's switcher and in Settings → Accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _

from dashboard.fleet.attention_words import round_name
from dashboard.ui import formats
from sandboxes.base.clock import is_fresh
from sandboxes.models import Account, AccountHealth, Sandbox

Mark = Literal["run", "warn", "stale", "bad", "end"]
WORST_FIRST: Final[tuple[Mark, ...]] = ("bad", "stale", "warn", "end", "run")


class State(NamedTuple):
    """`word` names it, `why` says in a few words why it is not better; `error` is what the backend said."""

    mark: Mark
    word: str
    why: str = ""
    error: str = ""


def state_of(account: Account, health: AccountHealth | None, now: datetime) -> State:
    """By the account's switch, its list, its polls, its samples and its other rounds, in this order."""
    if not account.enabled:
        return State("end", _("disabled"))
    if health is None or (health.last_sync_at is None and not health.sync_error):
        return State("stale", _("not synced yet"), _("not listed yet"))
    if health.sync_error:
        since = health.sync_failed_at
        why = _("list failing for %(span)s") % {"span": _ago(since, now)} if since else health.sync_error
        return State("bad", _("not reachable"), why, health.sync_error)
    most = timedelta(seconds=2 * settings.POLL_INTERVAL_SECONDS + (health.poll_seconds or 0))
    if health.last_poll_at is not None and not is_fresh(health.last_poll_at, now, most):
        why = _("not polled for %(span)s") % {"span": _ago(health.last_poll_at, now)}
        return State("stale", _("late"), why, health.poll_error)
    if health.no_metrics_since is not None:
        return State("warn", _("limited"), _("no samples for %(span)s") % {"span": _ago(health.no_metrics_since, now)})
    if failing := sorted(health.round_errors):
        why = _("failing: %(what)s") % {"what": ", ".join(map(round_name, failing))}
        return State("warn", _("limited"), why, health.round_errors[failing[0]]["error"])
    if error := health.poll_error or health.reconcile_error:
        return State("warn", _("limited"), error, error)
    return State("run", _("healthy"))


def states_of(accounts: Sequence[Account], now: datetime) -> Mapping[int, State]:
    """Of each, by its key."""
    healths = healths_of(accounts)
    return {account.pk: state_of(account, healths.get(account.pk), now) for account in accounts}


def healths_of(accounts: Sequence[Account]) -> Mapping[int, AccountHealth]:
    """By the account's key."""
    return {one.account_id: one for one in AccountHealth.objects.filter(account__in=accounts)}


def live_in(accounts: Sequence[Account]) -> Mapping[int, int]:
    """How many sandboxes live in each, by its key; 0 is left out."""
    alive = Sandbox.objects.filter(account__in=accounts).exclude(state=Sandbox.State.ENDED)
    return dict(alive.order_by().values_list("account_id").annotate(n=Count("pk")))


def _ago(since: datetime, now: datetime) -> str:
    return formats.duration((now - since).total_seconds())
