"""Webhook deliveries of a whole little fleet, as E2B sends them in the last hour."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from events.wire import Event, read_event
from tests.events.factories import IDS, delivery

# Word, execution and data of each event in a sandbox's life, in order.
LIFE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("created", "x1", {"sandbox_metadata": {"owner": "u_1"}}),
    ("updated", "x1", {}),
    ("paused", "x1", {"execution": {"vcpu_count": 2, "memory_mb": 512, "execution_time": 20_000}}),
    ("resumed", "x2", {}),
    ("killed", "x2", {"kill_reason": "timeout", "execution": {"vcpu_count": 2, "memory_mb": 512}}),
)


def fleet(name: str, sandboxes: int) -> list[bytes]:
    """Five deliveries for each of so many sandboxes, whose IDs begin with `name`; sandbox by sandbox woven together."""
    begin = datetime.now(UTC) - timedelta(hours=1)
    return [
        json.dumps(_body(f"{name}{number}", step, begin + timedelta(milliseconds=number))).encode()
        for step in range(len(LIFE))
        for number in range(sandboxes)
    ]


def one(name: str, **changes: Any) -> bytes:
    """A `created` of a minute ago."""
    return json.dumps(_body(name, 0, datetime.now(UTC) - timedelta(minutes=1)) | changes).encode()


def events(bodies: list[bytes]) -> list[Event]:
    """What the receiver reads in them."""
    return [read_event(json.loads(body)) for body in bodies]


def _body(sandbox: str, step: int, begin: datetime) -> dict[str, Any]:
    word, run, data = LIFE[step]
    when = begin + timedelta(seconds=100 * step)
    if word == "updated":
        data = {"set_timeout": (when + timedelta(minutes=5)).isoformat()}
    return delivery(word, sandbox=sandbox) | {
        "id": str(uuid.uuid5(IDS, f"{sandbox}|{step}|{begin}")),
        "timestamp": when.isoformat(),
        "sandbox_execution_id": f"{sandbox}-{run}",
        "event_data": data,
    }
