"""Gathers the facts behind "Needs attention" from the record."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Min
from django.utils.translation import gettext as _

from dashboard.fleet.attention_shapes import Facts
from dashboard.ui.context import read_frame
from events.models import LifecycleEvent
from events.webhooks.silence import silent_since
from sandboxes.actions import brake
from sandboxes.base.clock import is_fresh
from sandboxes.cleanup import policy_book
from sandboxes.core import disk
from sandboxes.e2b import Capabilities
from sandboxes.fleet import figures as fleet
from sandboxes.fleet.search import SandboxQuery, matching_ids, search
from sandboxes.metrics.polling.health import EMPTY_AFTER
from sandboxes.models import Account, AccountHealth, Action, Sandbox

SILENT_ROUNDS: Final = 4
LEAST_SILENCE_SECONDS: Final = 120.0
MOST_NAMED: Final = 50  # the newest, to name their templates


def facts(now: datetime, figures: fleet.FleetNow) -> Facts:
    """As of now, over the accounts in sight."""
    frame = read_frame()
    ids = [account.pk for account in frame.accounts]
    healths = list(AccountHealth.objects.filter(account__in=ids).select_related("account").order_by("account"))
    running = ("running",)
    orphans = search(SandboxQuery(orphan=True, order="-burn_usd_per_hour"), limit=50, now=now)
    hot, hot_where = _how_many([SandboxQuery(states=running, mem_min=95)], now)
    without = {one.account.name for one in healths if _has_no_metrics(one)}
    empty = {one.account.name for one in healths if _answers_no_samples(one, now)} - without
    asked = [one.name for one in frame.accounts if one.name not in without | empty]
    no_sample = SandboxQuery(states=running, no_sample=True, age_min=_two_ticks())
    silent, silent_where = _how_many([replace(no_sample, account=one) for one in asked], now)
    in_grace, first_act_at = _graces(ids)
    return Facts(
        now=now,
        running=figures.running,
        cap=figures.cap,
        started_per_minute=figures.started_per_minute,
        ended_per_minute=figures.ended_per_minute,
        orphans=orphans.total,
        orphan_usd_per_hour=float(figures.orphan_usd_per_hour),
        orphan_where=_where(row.environment for row in orphans.items),
        in_grace=in_grace,
        first_act_at=first_act_at,
        over_memory=hot,
        over_memory_where=hot_where,
        no_sample=silent,
        no_sample_where=silent_where,
        no_metrics=sorted(without),
        empty_metrics=sorted(empty),
        disk_free=room.free if (room := disk.space()).is_low else None,
        from_the_future=_from_the_future(ids, now),
        stale_since=frame.stale_since,
        poll_error=frame.poll_error or frame.sync_error,
        unlisted=_unlisted(frame.accounts, healths, now),
        rounds_failing=_failing_rounds(healths),
        polls_slow=_slow(healths),
        webhooks_silent=[(x.account.name, at) for x in healths if (at := silent_since(x, now))],
        webhooks_locked=[name for name, secrets in frame.unreadable if "webhook_secret" in secrets],
        breakers=_breakers(),
        brakes=[(one.account.name, one.why) for one in brake.tripped(ids).values()],
        list_doubts=_doubts(healths),
        same_fleets=_same_fleets(frame.accounts),
        failed_actions=Action.objects.filter(
            account__in=ids, state=Action.State.FAILED, requested_at__gt=now - timedelta(hours=1)
        ).count(),
    )


def _graces(ids: Sequence[int]) -> tuple[int, datetime | None]:
    """How many living sandboxes a policy has marked, and when the first of them is acted on."""
    marked = Action.objects.filter(account__in=ids, state=Action.State.GRACE).exclude(sandbox__state="ended")
    told = marked.aggregate(n=Count("sandbox", distinct=True), first=Min("act_at"))
    return told["n"], told["first"]


def _has_no_metrics(health: AccountHealth) -> bool:
    """Whether the backend is known to have no metrics call."""
    known = Capabilities.from_dict(health.account.capabilities)
    return known.lacks("metrics") and known.lacks("bulk_metrics")


def _answers_no_samples(health: AccountHealth, now: datetime) -> bool:
    """Whether the backend has answered with no sample of anybody for minutes."""
    return health.no_metrics_since is not None and now - health.no_metrics_since > EMPTY_AFTER


def _two_ticks() -> float:
    return 2 * settings.POLL_INTERVAL_SECONDS + 10


def _how_many(queries: Iterable[SandboxQuery], now: datetime) -> tuple[int, str]:
    """How many match, and of which templates: one look through the fleet tells both, their rows are not needed."""
    keys = sorted(key for query in queries for key in matching_ids(query, now=now))
    names = Sandbox.objects.filter(pk__in=keys[-MOST_NAMED:]).values_list("template_shown", flat=True)
    return len(keys), _where(names)


def _where(values: Iterable[str | None]) -> str:
    """The commonest of these, one or two of them by name."""
    found = [value for value, _ in Counter(values).most_common() if value]
    if not found:
        return ""
    return (
        found[0]
        if len(found) == 1
        else _("%(first)s and %(second)s") % {"first": found[0], "second": found[1]}
        if len(found) == 2
        else _("%(first)s and more") % {"first": found[0]}
    )


def _unlisted(
    accounts: list[Account], healths: list[AccountHealth], now: datetime
) -> list[tuple[str, datetime | None, str]]:
    """Accounts whose list was not read for more than two rounds; without a known error for some more."""
    known = {health.account_id: health for health in healths}
    found = []
    for account in accounts:
        health = known.get(account.pk) or AccountHealth(account=account)
        why, rounds = health.sync_error, 2
        if not why:
            why, rounds = _("no sync has finished since, and none has reported an error"), SILENT_ROUNDS
        least = 0.0 if health.sync_error else LEAST_SILENCE_SECONDS
        late = now - timedelta(seconds=max(least, rounds * settings.SYNC_INTERVAL_SECONDS))
        never = health.last_sync_at is None and (health.sync_error or account.created_at < late)
        if never or (health.last_sync_at is not None and not is_fresh(health.last_sync_at, now, now - late)):
            found.append((account.name, health.last_sync_at, why))
    return found


def _same_fleets(accounts: list[Account]) -> list[tuple[str, str]]:
    """Accounts for which another one stands, and that one."""
    names = {account.pk: account.name for account in accounts}
    return [(one.name, names[one.same_fleet_as_id]) for one in accounts if one.same_fleet_as_id in names]


def _failing_rounds(healths: list[AccountHealth]) -> list[tuple[str, str, datetime, str]]:
    """Rounds whose last run failed: account, round, since when, why. The list has a line of its own."""
    return [
        (health.account.name, name, datetime.fromisoformat(told["since"]), told["error"])
        for health in healths
        for name, told in sorted(health.round_errors.items())
        if name != "sync"
    ]


def _slow(healths: list[AccountHealth]) -> list[tuple[str, float, float]]:
    interval = settings.POLL_INTERVAL_SECONDS
    polls = [(health.account.name, health.poll_seconds or 0.0) for health in healths]
    return [(name, seconds, interval) for name, seconds in polls if seconds > interval]


def _from_the_future(accounts: list[int], now: datetime) -> list[tuple[str, int]]:
    """Accounts that sent events of the last day dated well ahead of their own clock, and how many."""
    ahead = LifecycleEvent.objects.filter(account__in=accounts, received_at__gt=now - timedelta(days=1))
    counted = ahead.exclude(folded_at=None).values_list("account__name").annotate(n=Count("pk"))
    return sorted(counted)


def _doubts(healths: list[AccountHealth]) -> list[tuple[str, str, int, str]]:
    """What of each account's last list could not be read or can't be true: account, what, how often, an example."""
    return [(x.account.name, one["what"], one["count"], one["example"]) for x in healths for one in x.list_doubts]


def _breakers() -> list[tuple[str, str]]:
    tripped = policy_book.visible().filter(enabled=True, breaker_tripped_at__isnull=False)
    return list(tripped.values_list("name", "breaker_why"))
