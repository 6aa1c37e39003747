"""A folded sandbox as the rows that are written for it. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from events.fold import RunView, View
from events.fold.base import moment
from events.writing.house import AccountFacts
from sandboxes.cost import PriceBook

EIGHT_PLACES = Decimal("0.00000001")
SIX_PLACES = Decimal("0.000001")
# The columns of Sandbox that folding writes, with their PostgreSQL types.
COLUMNS = {
    "template_id": "text", "template_name": "text", "alias": "text", "state": "text", "created_at": "timestamptz",
    "started_at": "timestamptz", "end_at": "timestamptz", "paused_at": "timestamptz", "ended_at": "timestamptz",
    "end_reason": "text", "cpu_count": "int", "memory_mb": "int", "disk_mb": "int", "metadata": "jsonb",
    "owner": "text", "environment": "text", "envd_version": "text", "closed_cost_usd": "numeric",
    "burn_usd_per_hour": "numeric", "gone_at": "timestamptz", "fold": "jsonb",
}  # fmt: skip
RUN_COLUMNS = {
    "key": "text", "execution_id": "text", "started_at": "timestamptz", "start_known": "bool", "opened_by": "text",
    "ended_at": "timestamptz", "ended_by": "text", "end_reason": "text", "execution_ms": "bigint", "cpu_count": "int",
    "memory_mb": "int", "end_at": "timestamptz",
}  # fmt: skip


def sandbox_row(seen: View, account: AccountFacts, prices: PriceBook) -> dict[str, Any]:
    """The values of COLUMNS but `fold`; money in USD by the price book, times as datetimes."""
    facts = seen.facts
    metadata = facts.get("metadata") or {}
    assert isinstance(metadata, dict)
    template = _text(facts.get("template_id"))
    known = account.templates.get(template, {})
    cpu, memory = _size(seen, known, "cpu_count"), _size(seen, known, "memory_mb")
    closed = sum((_cost(run, cpu, memory, prices) for run in seen.runs), Decimal(0))
    running = seen.state == "running"
    return {
        "template_id": template,
        "template_name": known.get("name"),
        "alias": _text(facts.get("alias")) or None,
        "state": seen.state,
        **{name: _moment(getattr(seen, name)) for name in ("created_at", "started_at", "end_at", "paused_at")},
        "ended_at": _moment(seen.ended_at),
        "end_reason": seen.end_reason,
        "cpu_count": cpu,
        "memory_mb": memory,
        "disk_mb": _size(seen, known, "disk_mb"),
        "metadata": metadata,
        "owner": first_of(metadata, account.owner_keys),
        "environment": first_of(metadata, account.environment_keys),
        "envd_version": _text(facts.get("envd_version"))[:32],
        "closed_cost_usd": closed.quantize(EIGHT_PLACES),
        "burn_usd_per_hour": (
            prices.per_hour_usd(cpu, memory, moment(seen.stamp)).quantize(SIX_PLACES) if running else Decimal(0)
        ),
        "gone_at": _moment(seen.gone_at),
    }


def run_row(run: RunView) -> dict[str, Any]:
    """The values of RUN_COLUMNS."""
    row = {name: getattr(run, name) for name in RUN_COLUMNS}
    return row | {name: _moment(row[name]) for name in ("started_at", "ended_at", "end_at")}


def first_of(metadata: dict[str, str], keys: Sequence[str]) -> str | None:
    """The first non-empty value under one of `keys`, cut to what the column holds."""
    return next((metadata[key][:200] for key in keys if metadata.get(key)), None)


def _size(seen: View, template: dict[str, Any], name: str) -> int | None:
    """What the list said of the size, else the latest run's own word, else what its template has."""
    said = _whole(seen.facts.get(name))
    told = (getattr(run, name, None) for run in reversed(seen.runs))
    return said or next((size for size in told if size), None) or _whole(template.get(name))


def _cost(run: RunView, cpu: int | None, memory: int | None, prices: PriceBook) -> Decimal:
    if run.ended_at is None:
        return Decimal(0)
    size = run.cpu_count or cpu, run.memory_mb or memory
    return prices.cost_usd(*size, moment(run.started_at), moment(run.ended_at))


def _moment(at: int | None) -> Any:
    return None if at is None else moment(at)


def _text(value: object) -> str:
    return value[:128] if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and 0 < value < 2**31 else None
