"""What browsers are told of a change: a sandbox and an event in short. Times in Unix seconds."""

from typing import Any

from events.wire import Event
from sandboxes.base.sizes import as_number

SHOWN = (
    "state", "template_id", "template_name", "alias", "owner", "environment", "created_at", "started_at", "end_at",
    "paused_at", "ended_at", "end_reason", "cpu_count", "memory_mb",
)  # fmt: skip
TIMES = ("created_at", "started_at", "end_at", "paused_at", "ended_at")


def sandbox_summary(key: int, sandbox_id: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row of a sandbox as live messages carry it; `key` is its primary key, `burn` USD an hour."""
    told = {name: row[name] for name in SHOWN}
    for name in TIMES:
        if (at := row[name]) is not None:
            told[name] = at.timestamp()
    told["cpu_count"] = as_number(row["cpu_count"])
    told["key"], told["id"], told["burn"] = key, sandbox_id, float(row["burn_usd_per_hour"])
    return told


def event_summary(key: int, row: dict[str, Any], event: Event) -> dict[str, Any]:
    """An event as live messages carry it; `key` is its primary key."""
    return {
        "key": key,
        "id": str(event.id),
        "type": row["type"],
        "sandbox_id": row["sandbox_id"],
        "execution_id": row["execution_id"],
        "timestamp": row["timestamp"].timestamp(),
        "received_at": row["received_at"].timestamp(),
        "source": row["source"],
        "data": row["data"],
    }
