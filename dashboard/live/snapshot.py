"""Reads the live fleet from the database: at the start of a process, and whenever a live message was lost."""

from array import array
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from dashboard.live.fleet import (
    HISTORY_SECONDS,
    HISTORY_STEP_SECONDS,
    RATE_SECONDS,
    REASONS_SECONDS,
    Cell,
    Ended,
    Frame,
    LiveFleet,
)
from sandboxes.base.sizes import as_number
from sandboxes.cleanup import freezing
from sandboxes.core import sight
from sandboxes.core.accounts import shown_account_ids
from sandboxes.fleet.figures import latest_frames
from sandboxes.metrics import polling
from sandboxes.models import AccountHealth, Action, Execution, MetricFrame, Sandbox, Verdict


def read(seen: frozenset[int] | None = None) -> LiveFleet:
    """All that pages show now that see these accounts (None: all), the last quarter of an hour of CPU too."""
    with sight.limited(seen):
        now, accounts = timezone.now(), shown_account_ids()
    fleet = LiveFleet(_cells(accounts), _born(accounts, now), _ended(accounts, now), frozenset(accounts))
    for account, shard, at, keys, cpu in _past(accounts, now):
        fleet.remember(account, shard, at.timestamp(), array("i", keys), array("i", cpu))
    for row in latest_frames(accounts, now):
        fleet.apply_frame(row.account_id, row.shard, _frame(row), row.shards)
    for health in AccountHealth.objects.filter(account__in=accounts):
        fleet.status[health.account_id] = polling.status(health)
    frozen = freezing.current()
    fleet.frozen_at = _unix(frozen.at) if frozen else None
    return fleet


def _cells(accounts: list[int]) -> Iterator[Cell]:
    alive = Sandbox.objects.filter(account__in=accounts).exclude(state=Sandbox.State.ENDED)
    held = set(Verdict.objects.holding().filter(sandbox__account__in=accounts).values_list("sandbox_id", flat=True))
    marks = dict(
        Action.objects.filter(state=Action.State.GRACE, account__in=accounts)
        .order_by("-act_at")
        .values_list("sandbox_id", "act_at")
    )
    rows = alive.order_by("created_at", "id").values_list(
        "id", "sandbox_id", "account", "template_shown", "owner", "environment", "state",
        "created_at", "started_at", "end_at", "cpu_count", "memory_mb", "burn_usd_per_hour", "lock__pending_action",
    )  # fmt: skip
    for (
        key,
        name,
        account,
        template,
        owner,
        env,
        state,
        born,
        began,
        end,
        cpus,
        memory,
        burn,
        doom,
    ) in rows.iterator(chunk_size=5000):
        orphan = "condemned" if doom and key in held else "marked" if key in marks else "candidate"
        yield Cell(
            key=key, id=name, account=account, template=template, owner=owner or "",
            environment=env or "", state=state, created_at=born.timestamp(), started_at=began.timestamp(),
            end_at=_unix(end), cpu_count=as_number(cpus) or 0, memory_mb=memory or 0, burn=float(burn),
            orphan=orphan if key in held or key in marks else "none", act_at=_unix(marks.get(key)),
        )  # fmt: skip


def _born(accounts: list[int], now: datetime) -> dict[int, float]:
    """When those of the last five minutes were created; found by the start of a run, which has an index."""
    since = now - timedelta(seconds=RATE_SECONDS)
    runs = Execution.objects.filter(started_at__gt=since, sandbox__account__in=accounts, sandbox__created_at__gt=since)
    return {key: at.timestamp() for key, at in runs.values_list("sandbox_id", "sandbox__created_at")}


def _ended(accounts: list[int], now: datetime) -> dict[int, Ended]:
    ended = Sandbox.objects.filter(account__in=accounts, ended_at__gt=now - timedelta(seconds=REASONS_SECONDS))
    rows = ended.values_list("id", "ended_at", "end_reason")
    return {key: Ended(at.timestamp(), reason or "unknown") for key, at, reason in rows if at}


def _past(accounts: list[int], now: datetime) -> Iterator[tuple[int, int, datetime, list[int], list[int]]]:
    """Frames of the last quarter of an hour, one each 15 s, oldest first."""
    since = now - timedelta(seconds=HISTORY_SECONDS)
    frames = MetricFrame.objects.filter(account__in=accounts, at__gt=since).order_by("at")
    last: dict[tuple[int, int], datetime] = {}
    wanted = []
    for key, account, shard, at in frames.values_list("id", "account", "shard", "at"):
        if (at - last.get((account, shard), since)).total_seconds() >= HISTORY_STEP_SECONDS:
            last[account, shard] = at
            wanted.append(key)
    rows = MetricFrame.objects.filter(id__in=wanted).order_by("at")
    yield from rows.values_list("account", "shard", "at", "keys", "cpu").iterator(chunk_size=20)


def _frame(row: MetricFrame) -> Frame:
    return Frame(
        at=row.at.timestamp(), took=0.0, keys=array("i", row.keys), ages=array("i", row.ages),
        cpu=array("i", row.cpu), mem=array("i", row.mem), mem_total=array("i", row.mem_total),
        disk=array("i", row.disk),
    )  # fmt: skip


def _unix(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None
