"""What a judging round of the alert rules costs beside a poll's own work, and how long a preview takes.

`make bench-alerts`. SANDBOXES (10,000) with a sample each, RULES (the shipped ones and nine more), ROUNDS (20) that
count; then a preview of seven days over the same fleet. The last line is one JSON object: processor time of this
process for a round, its wall time with the database's, and the preview's.
"""

import json
import os
import time
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.stack.standing import folder, standing

SANDBOXES = int(os.environ.get("SANDBOXES", "10000"))
ROUNDS = int(os.environ.get("ROUNDS", "20"))
MORE: list[dict[str, Any]] = [
    {"name": "owners", "kind": "running", "above": 500, "group_by": ["owner"]},
    {"name": "templates", "kind": "running", "above": 5000, "group_by": ["template"]},
    {"name": "burn", "kind": "burn", "usd_per_hour_above": 100_000},
    {"name": "orphans", "kind": "orphans", "above": 10, "group_by": ["owner"]},
    {"name": "cpu", "kind": "usage", "metric": "cpu_pct", "above": 99.5, "group_by": ["owner"]},
    {"name": "paused", "kind": "paused_older_than", "seconds": 86_400},
    {"name": "deaths", "kind": "deaths", "above": 1000, "window_seconds": 600},
    {"name": "life", "kind": "max_life", "within_seconds": 600},
    {"name": "runs", "kind": "running", "above": 1000, "group_by": ["metadata.userId"]},
]


def main() -> None:
    """A fleet, its frame, the rounds, the preview."""
    with folder() as home, standing(home, SECRET_KEY="only-of-a-benchmark", POLL_INTERVAL="5"):
        print(json.dumps(measured()))


def measured() -> dict[str, Any]:
    """Milliseconds; `cpu` is this process's alone."""
    from benchmarks.push.ticks import Ticks
    from benchmarks.stack import fleet, usage
    from sandboxes.alerts import book, judging, previews
    from sandboxes.alerts.rules import parse
    from sandboxes.core.accounts import enabled_accounts, health_of
    from sandboxes.metrics.series import frame_store
    from sandboxes.models import AccountHealth, AlertRule

    now = datetime.now(UTC)
    fleet.write(now, SANDBOXES)
    for part in Ticks(SANDBOXES).parts:
        frame = usage.frame(range(part.shard or part.shards, SANDBOXES + 1, part.shards), int(now.timestamp()))
        frame_store.write(part, now, frame, frame_store.Before())
    for one in MORE:
        book.write(parse(one))
    for account in enabled_accounts():
        health_of(account)
    cpu, wall = [], []
    for _ in range(ROUNDS + 2):
        AccountHealth.objects.update(last_sync_at=datetime.now(UTC), last_poll_at=datetime.now(UTC))
        began, at = time.process_time(), time.perf_counter()
        judging.judge_all()
        cpu.append((time.process_time() - began) * 1000)
        wall.append((time.perf_counter() - at) * 1000)
    at = time.perf_counter()
    found = previews.preview(parse(MORE[0]), datetime.now(UTC))
    took = (time.perf_counter() - at) * 1000
    return {
        "sandboxes": SANDBOXES, "rules": AlertRule.objects.count(), "round_cpu_ms": round(median(cpu[2:]), 1),
        "round_wall_ms": round(median(wall[2:]), 1), "preview_ms": round(took, 1), "fired": found.history.fired,
    }  # fmt: skip


if __name__ == "__main__":
    main()
