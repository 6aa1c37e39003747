"""A folded sandbox as the rows that are written for it."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from events.fold import RunView, View
from events.fold.base import moment
from events.wire import moment as moment_of
from events.writing.context import AccountFacts
from sandboxes.base.pricing import PriceBook
from sandboxes.base.sizes import plausible_cpu, plausible_mb

S = TypeVar("S", int, Decimal)

EIGHT_PLACES = Decimal("0.00000001")
SIX_PLACES = Decimal("0.000001")
NOTHING = Decimal(0)
_NO_TEMPLATE: dict[str, Any] = {}
# The columns of Sandbox that folding writes, with their PostgreSQL types.
COLUMNS = {
    "template_id": "text", "template_name": "text", "alias": "text", "state": "text", "created_at": "timestamptz",
    "started_at": "timestamptz", "end_at": "timestamptz", "paused_at": "timestamptz", "ended_at": "timestamptz",
    "end_reason": "text", "cpu_count": "numeric", "memory_mb": "int", "disk_mb": "int", "metadata": "jsonb",
    "owner": "text", "environment": "text", "envd_version": "text", "closed_cost_usd": "numeric",
    "burn_usd_per_hour": "numeric", "gone_at": "timestamptz", "backend_state": "text", "listed_start": "timestamptz",
    "deletes_at": "timestamptz", "seen_running_at": "timestamptz", "by_action": "bool",
    "fold": "json",
}  # fmt: skip
RUN_COLUMNS = {
    "key": "text", "execution_id": "text", "started_at": "timestamptz", "start_known": "bool", "opened_by": "text",
    "ended_at": "timestamptz", "ended_by": "text", "end_reason": "text", "execution_ms": "bigint",
    "cpu_count": "numeric", "memory_mb": "int", "end_at": "timestamptz",
}  # fmt: skip


def sandbox_row(seen: View, account: AccountFacts, prices: PriceBook) -> dict[str, Any]:
    """The values of COLUMNS but `fold`; money in USD by the price book, times as datetimes."""
    facts = seen.facts
    metadata = facts.get("metadata") or {}
    assert isinstance(metadata, dict)
    template = _text(facts.get("template_id"))
    known = account.templates.get(template) or _NO_TEMPLATE
    cpu, memory = _size(seen, known, "cpu_count", plausible_cpu), _size(seen, known, "memory_mb", plausible_mb)
    return {
        "template_id": template,
        "template_name": known.get("name"),
        "alias": _text(facts.get("alias")) or None,
        "state": seen.state,
        "created_at": moment(seen.created_at),
        "started_at": moment(seen.started_at),
        "end_at": _moment(seen.end_at),
        "paused_at": _moment(seen.paused_at),
        "ended_at": _moment(seen.ended_at),
        "end_reason": seen.end_reason,
        "cpu_count": cpu,
        "memory_mb": memory,
        "disk_mb": plausible_mb(facts.get("disk_mb")) or plausible_mb(known.get("disk_mb")),
        "metadata": metadata,
        "owner": first_of(metadata, account.owner_keys),
        "environment": first_of(metadata, account.environment_keys),
        "envd_version": _text(facts.get("envd_version"))[:32],
        "closed_cost_usd": _closed_cost(seen.runs, cpu, memory, prices),
        "burn_usd_per_hour": _burn(seen, cpu, memory, prices),
        "gone_at": _moment(seen.gone_at),
        "backend_state": _text(facts.get("backend_state")) if seen.state == "unknown" else "",
        "listed_start": moment_of(facts.get("listed_start")),
        "deletes_at": moment_of(facts.get("deletes_at")) if seen.state == "paused" else None,
        "seen_running_at": _moment(seen.seen_running_at),
        "by_action": seen.by_action,
    }


def run_row(run: RunView) -> dict[str, Any]:
    """The values of RUN_COLUMNS."""
    row = msgspec.structs.asdict(run)
    row["started_at"] = moment(run.started_at)
    row["ended_at"], row["end_at"] = _moment(run.ended_at), _moment(run.end_at)
    return row


def first_of(metadata: dict[str, str], keys: Sequence[str]) -> str | None:
    """The first non-empty value under one of `keys`, cut to what the column holds."""
    return next((metadata[key][:200] for key in keys if metadata.get(key)), None)


def _size(seen: View, template: dict[str, Any], name: str, plausible: Callable[[object], S | None]) -> S | None:
    """The size that the list reported, else the latest run's own, else its template's; absurd ones are none."""
    reported = [seen.facts.get(name), *(getattr(run, name) for run in reversed(seen.runs)), template.get(name)]
    return next((size for one in reported if (size := plausible(one)) is not None), None)


def _closed_cost(runs: Sequence[RunView], cpu: Decimal | None, memory: int | None, prices: PriceBook) -> Decimal:
    """What the runs that are over cost, each by its own size where E2B told it."""
    total = NOTHING
    for run in runs:
        if run.ended_at is not None:
            size = plausible_cpu(run.cpu_count) or cpu, run.memory_mb or memory
            total += prices.cost_usd(*size, moment(run.started_at), moment(run.ended_at))
    return total.quantize(EIGHT_PLACES)


def _burn(seen: View, cpu: Decimal | None, memory: int | None, prices: PriceBook) -> Decimal:
    if seen.state != "running":
        return NOTHING
    return prices.per_hour_usd(cpu, memory, moment(seen.stamp)).quantize(SIX_PLACES)


def _moment(at: int | None) -> Any:
    return None if at is None else moment(at)


def _text(value: object) -> str:
    return value[:128] if isinstance(value, str) else ""
