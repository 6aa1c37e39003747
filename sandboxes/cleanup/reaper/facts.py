"""Gathers the facts of an account's living sandboxes: a handful of queries, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q

from sandboxes.base.clock import BackendTime, of_record, on_backend
from sandboxes.cleanup.reaper import queries
from sandboxes.core import database
from sandboxes.core.accounts import clock_offset, keys_stored
from sandboxes.e2b import SandboxInfo
from sandboxes.e2b.wire import PAUSED, UNKNOWN
from sandboxes.fleet import lease_coverage
from sandboxes.models import Account, LeaseSpan, Sandbox
from sandboxes.policies import CpuWindow, Facts, Protection, pairs

COLUMNS = (
    "pk", "lock_id", "lock__pending_action_id", "lock__protected", "lock__protected_by", "lock__protected_reason",
    "lock__protected_until", "sandbox_id", "state", "template_id", "template_name", "created_at", "started_at",
    "first_seen_at", "end_at", "paused_at", "metadata", "returned_at", "seen_running_at",
)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A living sandbox on our record: its keys, whether an act may be on its way, and its facts."""

    key: int
    lock: int
    condemned: bool
    facts: Facts


@dataclass(frozen=True)
class Fleet:
    """All of an account that E2B shows alive, by our key; `offset` is the backend's clock minus ours."""

    account: Account
    offset: timedelta
    known: Mapping[int, Known]

    def clock(self, now: datetime) -> BackendTime:
        """`now`, which is on our clock, as the backend's shows it."""
        return on_backend(now, self.offset)


def fleet_of(account: Account, among: Q | None = None) -> Fleet:
    """The facts of every living sandbox of `account`, without CPU windows and duplicate places; or of some of them."""
    offset = clock_offset(account)
    alive = Sandbox.objects.filter(among or Q(), account=account).exclude(state=Sandbox.State.ENDED)
    return Fleet(account, offset, _known(account, list(alive.order_by("started_at", "pk").values(*COLUMNS))))


def fresh(account: Account, seen: Mapping[int, SandboxInfo], now: BackendTime) -> dict[int, Known]:
    """Facts as of this moment: our record's, leases and protection read anew, and over them what E2B just showed."""
    rows = Sandbox.objects.filter(pk__in=list(seen)).values(*COLUMNS)
    known = _known(account, list(rows))
    return {key: replace(one, facts=_overlaid(one.facts, seen[key], now)) for key, one in known.items()}


def cpu_windows(account: Account, keys: Sequence[int], seconds: int, now: BackendTime) -> dict[int, CpuWindow]:
    """CPU over the `seconds` before `now` for these sandboxes; one without any sample has no window."""
    since = now - timedelta(seconds=seconds)
    values: dict[str, Any] = {"account": account.pk, "keys": list(keys), "since": since, "now": now}
    rows = database.rows(queries.CPU_WINDOWS, values)
    return {key: CpuWindow(since, now, count, float(top), float(gap)) for key, count, top, gap in rows}


def _known(account: Account, rows: Sequence[Mapping[str, Any]]) -> dict[int, Known]:
    keys = [row["pk"] for row in rows]
    held = lease_coverage.holding(keys)
    spans = LeaseSpan.objects.filter(sandbox_id__in=keys).values_list("sandbox_id").annotate(Max("until"))
    ended: dict[int, datetime | None] = dict(spans)
    kept_by, offset = pairs(account.keep_metadata), clock_offset(account)
    stored = keys_stored(account)
    return {
        row["pk"]: Known(
            key=row["pk"],
            lock=row["lock_id"],
            condemned=row["lock__pending_action_id"] is not None,
            facts=Facts(
                sandbox_id=row["sandbox_id"], account=account.name, state=row["state"],
                template_id=row["template_id"], template_name=row["template_name"],
                **_since_its_return(row, offset), end_at=row["end_at"], seen_running_at=row["seen_running_at"],
                metadata=row["metadata"], lease=held.get(row["pk"]),
                last_lease_ended_at=_shifted(ended.get(row["pk"]), offset), protection=protection_of(row, offset),
                keep=kept_by, stored_keys=stored,
            ),
        )
        for row in rows
    }  # fmt: skip


def _since_its_return(row: Mapping[str, Any], offset: timedelta) -> dict[str, Any]:
    """The times that rules count from, none of them before its return from death.

    `first_seen_at` and `returned_at` are of our clock on the record.
    """
    back = _shifted(row["returned_at"], offset)
    times = {name: row[name] for name in ("created_at", "started_at", "paused_at")}
    times["first_seen_at"] = on_backend(row["first_seen_at"], offset)
    if back is None:
        return times
    return {name: at if at is None else max(at, back) for name, at in times.items()}


def _shifted(ours: datetime | None, offset: timedelta) -> BackendTime | None:
    return None if ours is None else on_backend(ours, offset)


def protection_of(row: Mapping[str, Any], offset: timedelta) -> Protection | None:
    if not row["lock__protected"]:
        return None
    until = _shifted(row["lock__protected_until"], offset)
    return Protection(row["lock__protected_by"], row["lock__protected_reason"], until)


def _overlaid(facts: Facts, info: SandboxInfo, now: BackendTime) -> Facts:
    """What E2B shows this second wins over our record; a pause that we had not heard of began now at the latest.

    A run that we saw begin began then, also where the backend's `startedAt` never moves.
    """
    paused, paused_at, end = info.state == PAUSED, facts.paused_at, info.planned_end(now)
    if paused_at is None or (info.started_at is not None and info.started_at > paused_at):
        paused_at = now  # it ran since the pause that we know of
    return replace(
        facts,
        state="paused" if paused else "unknown" if info.state == UNKNOWN else "running",
        started_at=max(of_record(info.started_at or facts.started_at), facts.started_at),
        end_at=None if end is None else of_record(end),
        paused_at=paused_at if paused else None,
        metadata=info.metadata or facts.metadata,
    )
