"""Events for tests, as E2B sends them; times in seconds after a fixed start."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from events.wire import PREFIX, Event

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
IDS = uuid.UUID("9d1f7f39-4c0c-4f1d-8c06-0f0f0e5f2a10")


def at(seconds: float) -> datetime:
    """`seconds` after the tests' start."""
    return START + timedelta(seconds=seconds)


def real(word: str, seconds: float, run: str = "x1", sandbox: str = "i1", **data: Any) -> Event:
    """An event of E2B's own; the same arguments are the same event."""
    name = f"{word}|{seconds}|{run}|{sandbox}|{sorted(data.items())}"
    return Event(uuid.uuid5(IDS, name), PREFIX + word, sandbox, run, "tpl", at(seconds), data or None, {"type": word})


def seen(word: str, seconds: float, started: float, sandbox: str = "i1", **data: Any) -> Event:
    """An event that a look at the list made: sent at `seconds`, of the run that began at `started`."""
    data = {"started_at": at(started).isoformat()} | data
    name = f"observed|{word}|{seconds}|{sandbox}|{sorted(data.items())}"
    return Event(uuid.uuid5(IDS, name), PREFIX + word, sandbox, None, "tpl", at(seconds), data, dict(data))


def delivery(word: str = "created", seconds: float = 0, sandbox: str = "i1", **changes: Any) -> dict[str, Any]:
    """A webhook body as E2B spells it (e2b/README.md section 5: snake_case)."""
    body = {
        "id": str(uuid.uuid5(IDS, f"{word}|{seconds}|{sandbox}")),
        "version": "v2",
        "type": PREFIX + word,
        "timestamp": at(seconds).isoformat().replace("+00:00", "Z"),
        "event_category": "lifecycle",
        "event_label": word,
        "sandbox_id": sandbox,
        "sandbox_execution_id": "x1",
        "sandbox_template_id": "tpl",
        "sandbox_build_id": "b1",
        "sandbox_team_id": "t1",
    }
    return body | changes


def recent(word: str = "created", **changes: Any) -> dict[str, Any]:
    """A delivery of a minute ago."""
    return delivery(word) | {"timestamp": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()} | changes
