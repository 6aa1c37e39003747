"""Builds the rows of a page from the record and what stands beside it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sandboxes.base.pricing import PriceBook
from sandboxes.base.sizes import as_number
from sandboxes.core.prices import price_books
from sandboxes.fleet.search import details
from sandboxes.fleet.search.rows import NO_ORPHAN, Orphan, OrphanReason, Protection, SandboxRow
from sandboxes.models import Sandbox

_PLAIN: Final = (
    "template_id", "template_name", "alias", "state", "created_at", "started_at", "paused_at", "ended_at",
    "end_reason", "probable_cause", "memory_mb", "disk_mb", "metadata", "owner", "environment", "first_seen_at",
    "deletes_at",
)  # fmt: skip
_SAMPLE: Final = ("cpu_pct", "mem_used", "mem_total", "disk_used", "disk_total", "sampled_at")
_BESIDE: Final = (
    "id", "sandbox_id", "cpu_count", "backend_state",
    "account_id", "account__name", "account__health__last_sync_at", "end_at", "gone_at",
    "closed_cost_usd", "burn_usd_per_hour", "lock__protected", "lock__protected_until", "lock__protected_reason",
    "lock__protected_by", "lock__pending_action", "lock__pending_action__actor_kind",
)  # fmt: skip
_MICRO_USD: Final = Decimal("0.000001")


def rows_of(keys: Sequence[int], *, now: datetime, as_of: datetime) -> list[SandboxRow]:
    """The sandboxes with these keys, in their order; cost and samples as they stood at `as_of`."""
    if not keys:
        return []
    found = Sandbox.objects.filter(id__in=details.these(keys)).values(*_PLAIN, *_SAMPLE, *_BESIDE)
    records = {record["id"]: record for record in found}
    samples = details.newest_samples(keys, sorted({record["account_id"] for record in records.values()}), as_of)
    leases, reasons, marks = details.leases(keys), details.reasons(keys), details.marks(keys)
    endings = details.endings([key for key, record in records.items() if record["state"] == "ended"])
    prices = price_books()
    return [
        SandboxRow(
            key=key,
            id=record["sandbox_id"],
            account=record["account__name"],
            **{name: record[name] for name in _PLAIN},
            backend_state=record["backend_state"] or None,
            cpu_count=as_number(record["cpu_count"]),
            end_at=None if record["state"] == "paused" else record["end_at"],
            ended_by=endings.get(key),
            lease=leases.get(key),
            **_sample(record, samples.get(key)),
            cost_usd=float(_cost_usd(record, prices.of(record["account_id"]), as_of).quantize(_MICRO_USD)),
            burn_usd_per_hour=float(record["burn_usd_per_hour"]),
            orphan=_orphan(record, reasons.get(key), key in marks, marks.get(key)),
            protected=_protection(record, now),
            last_seen_at=_last_seen_at(record, samples.get(key)),
        )
        for key in keys
        if (record := records.get(key))
    ]


def _sample(record: dict[str, Any], sample: details.Sample | None) -> dict[str, Any]:
    return {name: getattr(sample, name) if sample else record[name] for name in _SAMPLE}


def _cost_usd(record: dict[str, Any], prices: PriceBook, as_of: datetime) -> Decimal:
    """The ended runs, and the current one up to `as_of`."""
    closed: Decimal = record["closed_cost_usd"]
    if record["state"] != "running":
        return closed
    return closed + prices.cost_usd(record["cpu_count"], record["memory_mb"], record["started_at"], as_of)


def _orphan(
    record: dict[str, Any], reasons: list[OrphanReason] | None, marked: bool, act_at: datetime | None
) -> Orphan:
    if record["state"] == "ended":
        return NO_ORPHAN
    policy_condemned = record["lock__pending_action__actor_kind"] == "policy"
    if record["lock__pending_action"] and (policy_condemned or reasons):
        return Orphan(bool(reasons), "condemned", reasons or [])
    if marked:
        return Orphan(bool(reasons), "marked", reasons or [], act_at)
    return Orphan(True, "candidate", reasons) if reasons else NO_ORPHAN


def _protection(record: dict[str, Any], now: datetime) -> Protection | None:
    until = record["lock__protected_until"]
    if not record["lock__protected"] or (until and until <= now):
        return None
    return Protection(until, record["lock__protected_reason"], record["lock__protected_by"])


def _last_seen_at(record: dict[str, Any], sample: details.Sample | None) -> datetime:
    """A live one was seen by the last complete list and by its newest sample; one that ended, when it went."""
    first: datetime = record["first_seen_at"]
    seen: list[datetime | None] = [record["account__health__last_sync_at"]]
    if record["state"] == "ended":
        seen = [record["gone_at"] or record["ended_at"]]
    elif record["state"] == "running":
        seen.append(sample.sampled_at if sample else record["sampled_at"])
    return max([first, *(at for at in seen if at)])
