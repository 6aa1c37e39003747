"""A fleet in memory, made by hand, and what a browser was told."""

from typing import Any

import msgspec

from dashboard.live.fleet import LiveFleet

NOW = 1_760_000_000.0


def row(key: int, state: str = "running", **changes: Any) -> dict[str, Any]:
    plain = {
        "key": key, "id": f"i{key}", "state": state, "template_id": "base", "template_name": None, "alias": None,
        "owner": "ada", "environment": "prod", "created_at": NOW - 100, "started_at": NOW - 100, "end_at": NOW + 100,
        "paused_at": None, "ended_at": NOW if state == "ended" else None, "end_reason": None, "cpu_count": 2,
        "memory_mb": 512, "burn": 0.5,
    }  # fmt: skip
    return plain | changes


def frame(keys: list[int], cpu: list[int], *, at: float = NOW, ages: list[int] | None = None) -> dict[str, Any]:
    many = len(keys)
    return {
        "at": at, "shard": 0, "took": 0.2, "keys": keys, "ages": ages or [0] * many, "cpu": cpu, "mem": [256] * many,
        "mem_total": [1024] * many, "disk": [10] * many, "disk_total": [20] * many,
    }  # fmt: skip


def fleet_of(*keys: int) -> LiveFleet:
    fleet = LiveFleet()
    fleet.apply_change(1, [row(key) for key in keys])
    return fleet


def told(message: bytes) -> dict[str, Any]:
    return msgspec.json.decode(message, type=dict[str, Any])
