"""The switcher in the menu: which accounts a page looks at, how each is, and the address of every other choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from dashboard.fleet.attention_words import round_name
from dashboard.ui import formats
from sandboxes.base.clock import is_fresh
from sandboxes.core import sight
from sandboxes.models import Account, AccountHealth, Sandbox

Mark = Literal["run", "warn", "stale", "bad"]
WORST_FIRST: Final[tuple[Mark, ...]] = ("bad", "stale", "warn", "run")
# Places in a list, moments and what is open belong to the choice that was left.
_LEFT: Final = ("cursor", "after", "before", "page")
_E2B: Final = ("api.e2b.app", "api.e2b.dev")


@dataclass(frozen=True)
class Choice:
    """One account: `alone` looks at it only, `turned` adds it or takes it away. `why` is empty where all is well."""

    name: str
    kind: str
    mark: Mark
    why: str
    live: int
    chosen: bool
    alone: str
    turned: str


@dataclass(frozen=True)
class Switcher:
    """`mark` is the worst of the accounts that are looked at; `all` leads to all of them."""

    choices: Sequence[Choice]
    mark: Mark
    live: int
    all: str

    @property
    def chosen(self) -> list[Choice]:
        """Those that are looked at."""
        return [choice for choice in self.choices if choice.chosen]


def switcher(request: HttpRequest, accounts: Sequence[Account]) -> Switcher | None:
    """Over the accounts that may be seen; None where there is but one."""
    if len(accounts) < 2:
        return None
    looked_at = {account.pk for account in sight.looked_at(accounts)}
    names = [account.name for account in accounts if account.pk in looked_at]
    health = {one.account_id: one for one in AccountHealth.objects.filter(account__in=accounts)}
    live = _live(accounts)
    choices = []
    for account in accounts:
        mark, why = state_of(health.get(account.pk), timezone.now())
        turned = {*names} ^ {account.name}
        wanted = [one.name for one in accounts if one.name in turned]
        choices.append(
            Choice(
                account.name, kind_of(account), mark, why, live.get(account.pk, 0), account.pk in looked_at,
                _address(request, [account.name], len(accounts)), _address(request, wanted, len(accounts)),
            )
        )  # fmt: skip
    marks = {choice.mark for choice in choices if choice.chosen}
    worst: Mark = next((mark for mark in WORST_FIRST if mark in marks), "run")
    return Switcher(choices, worst, sum(live.values()), _address(request, [], len(accounts)))


def state_of(health: AccountHealth | None, now: datetime) -> tuple[Mark, str]:
    """How well an account is read, and in a few words why not better."""
    if health is None or (health.last_sync_at is None and not health.sync_error):
        return "stale", _("not listed yet")
    if health.sync_error:
        since = health.sync_failed_at
        return "bad", _("list failing for %(span)s") % {"span": _ago(since, now)} if since else health.sync_error
    most = timedelta(seconds=2 * settings.POLL_INTERVAL_SECONDS + (health.poll_seconds or 0))
    if health.last_poll_at is not None and not is_fresh(health.last_poll_at, now, most):
        return "stale", _("not polled for %(span)s") % {"span": _ago(health.last_poll_at, now)}
    if health.no_metrics_since is not None:
        return "warn", _("no samples for %(span)s") % {"span": _ago(health.no_metrics_since, now)}
    if health.round_errors:
        return "warn", _("failing: %(what)s") % {"what": ", ".join(map(round_name, sorted(health.round_errors)))}
    return "run", ""


def kind_of(account: Account) -> str:
    """Whose backend it is: E2B's own cloud, the simulator, or a host's name."""
    if account.simulated:
        return _("simulated")
    host = urlsplit(account.url).hostname or ""
    return "E2B" if host in _E2B else host


def _live(accounts: Sequence[Account]) -> Mapping[int, int]:
    rows = Sandbox.objects.filter(account__in=accounts).exclude(state=Sandbox.State.ENDED)
    return dict(rows.values_list("account_id").annotate(n=Count("id")))


def _address(request: HttpRequest, names: Sequence[str], of: int) -> str:
    """This page over those accounts; over all of them for none, and for all."""
    query = QueryDict(request.META.get("QUERY_STRING", ""), mutable=True)
    for name in _LEFT:
        query.pop(name, None)
    query["account"] = ",".join(names) if len(names) < of else ""
    return f"{request.path}?{query.urlencode(safe=',')}"


def _ago(since: datetime, now: datetime) -> str:
    return formats.duration((now - since).total_seconds())
