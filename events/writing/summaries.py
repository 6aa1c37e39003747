"""What browsers are told of a change: a sandbox and an event in short. Times in Unix seconds."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from events.wire import Event

SHOWN = (
    "state", "template_id", "template_name", "alias", "owner", "environment", "created_at", "started_at", "end_at",
    "paused_at", "ended_at", "end_reason", "cpu_count", "memory_mb",
)  # fmt: skip


def sandbox_summary(key: int, sandbox_id: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row of a sandbox as live messages carry it; `key` is its primary key, `burn` USD an hour."""
    shown = {name: plain(row[name]) for name in SHOWN}
    return {"key": key, "id": sandbox_id, **shown, "burn": plain(row["burn_usd_per_hour"])}


def event_summary(key: int, row: dict[str, Any], event: Event) -> dict[str, Any]:
    """An event as live messages carry it; `key` is its primary key."""
    names = ("type", "sandbox_id", "execution_id", "timestamp", "received_at", "source", "data")
    return {"key": key, "id": str(event.id), **{name: plain(row[name]) for name in names}}


def plain(value: Any) -> Any:
    """Times as Unix seconds, money as a float."""
    if isinstance(value, datetime):
        return value.timestamp()
    return float(value) if isinstance(value, Decimal) else value
