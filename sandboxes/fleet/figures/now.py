"""The fleet at this moment: counts, spread of CPU and memory, burn, orphans, and how old all that is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from sandboxes.base.clock import is_fresh
from sandboxes.core.accounts import enabled_accounts, fleets
from sandboxes.fleet.figures.frames import FrameColumns, latest_columns, shares
from sandboxes.fleet.figures.percentiles import Spread, spread
from sandboxes.models import Account, AccountHealth, Execution, Sandbox, Verdict

RATE_OVER = timedelta(minutes=5)
REASONS_OVER = timedelta(hours=1)
CURRENT_SECONDS = 300  # an older sample says nothing about the fleet now
LATE_TICKS = 2


class FleetNow(msgspec.Struct, frozen=True):
    """`GET /fleet`. Rates are means of the last 5 minutes; `ended_by_reason` counts the last hour.

    `cap` is None when an account has none; `stale_since` is the time of the last good look when it is late.
    """

    t: datetime
    running: int
    paused: int
    started_per_minute: float
    ended_per_minute: float
    ended_by_reason: dict[str, int]
    cpu_pct: Spread
    mem_pct: Spread
    burn_usd_per_hour: Decimal
    orphans: int
    orphan_usd_per_hour: Decimal
    cap: int | None
    stale_since: datetime | None


def now(now: datetime, account_id: int | None = None) -> FleetNow:
    """Of one account, or of all fleets together."""
    enabled = enabled_accounts()
    accounts = [account for account in enabled if account.pk == account_id] if account_id else fleets(enabled)
    ids = [account.pk for account in accounts]
    cpu, mem = _shares(latest_columns(ids, now))
    return FleetNow(
        t=now,
        **_states(ids),
        started_per_minute=_per_minute(_born(ids, now)),
        ended_per_minute=_per_minute(_ended(ids, now - RATE_OVER).count()),
        ended_by_reason=_reasons(ids, now),
        cpu_pct=spread(cpu),
        mem_pct=spread(mem),
        **_orphans(ids),
        cap=cap_of(accounts),
        stale_since=stale_since(accounts, now),
    )


def _states(ids: Sequence[int]) -> dict[str, Any]:
    alive = Sandbox.objects.filter(account__in=ids).exclude(state=Sandbox.State.ENDED)
    found = alive.aggregate(
        running=Count("pk", filter=Q(state=Sandbox.State.RUNNING)),
        paused=Count("pk", filter=Q(state=Sandbox.State.PAUSED)),
        burn_usd_per_hour=Sum("burn_usd_per_hour", default=Decimal(0)),
    )
    return dict(found)


def _born(ids: Sequence[int], now: datetime) -> int:
    """Created in the last minutes; found by the start of a run, which has an index."""
    since = now - RATE_OVER
    runs = Execution.objects.filter(started_at__gt=since, sandbox__account__in=ids, sandbox__created_at__gt=since)
    return runs.values("sandbox").distinct().count()


def _ended(ids: Sequence[int], since: datetime) -> QuerySet[Sandbox]:
    return Sandbox.objects.filter(account__in=ids, ended_at__gt=since)


def _per_minute(count: int) -> float:
    return round(count / (RATE_OVER / timedelta(minutes=1)), 2)


def _reasons(ids: Sequence[int], now: datetime) -> dict[str, int]:
    counted = _ended(ids, now - REASONS_OVER).values_list("end_reason").annotate(n=Count("pk")).order_by("-n")
    reasons: dict[str, int] = {}
    for reason, count in counted:
        reasons[reason or "unknown"] = reasons.get(reason or "unknown", 0) + count
    return reasons


def _shares(frames: Sequence[FrameColumns]) -> tuple[list[float], list[float]]:
    """CPU and memory in percent; one without a memory limit counts for CPU alone."""
    cpu: list[float] = []
    mem: list[float] = []
    for frame in frames:
        current = (frame.ages >= 0) & (frame.ages <= CURRENT_SECONDS)
        of_cpu, of_mem = shares(frame, current)
        cpu += of_cpu.tolist()
        mem += of_mem[frame.mem_total[current] > 0].tolist()
    return cpu, mem


def _orphans(ids: Sequence[int]) -> dict[str, Any]:
    """Live sandboxes that an enabled policy, a dry run too, holds for orphans now."""
    held = Verdict.objects.held().filter(sandbox=OuterRef("pk"))
    alive = Sandbox.objects.filter(Exists(held), account__in=ids).exclude(state=Sandbox.State.ENDED)
    found = alive.aggregate(orphans=Count("pk"), orphan_usd_per_hour=Sum("burn_usd_per_hour", default=Decimal(0)))
    return dict(found)


def cap_of(accounts: Sequence[Account]) -> int | None:
    """How many may run at once over these accounts; None as soon as one of them has no cap."""
    caps = [account.cap for account in accounts]
    return sum(cap or 0 for cap in caps) if caps and None not in caps else None


def stale_since(accounts: Sequence[Account], now: datetime) -> datetime | None:
    """The oldest last good sync or poll that is more than two ticks ago; None when all are on time.

    One that lies ahead of our clock, which was set back, proves nothing.
    An account that was never read is stale since it was made.
    """
    late: list[datetime] = []
    health = {row.account_id: row for row in AccountHealth.objects.filter(account__in=accounts)}
    for account in accounts:
        row = health.get(account.pk)
        for last, seconds in (
            (row.last_sync_at if row else None, settings.SYNC_INTERVAL_SECONDS),
            (row.last_poll_at if row else None, settings.POLL_INTERVAL_SECONDS),
        ):
            seen = last or account.created_at
            if not is_fresh(seen, now, timedelta(seconds=LATE_TICKS * seconds)):
                late.append(seen)
    return min(late, default=None)
