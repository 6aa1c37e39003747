"""Sandboxes that lived once, with their runs on record: a past for previews and reports."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandboxes.models import Execution, Sandbox
from tests.support import records

NOW = datetime.now(UTC).replace(microsecond=0)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def run(sandbox: Sandbox, since: datetime, until: datetime | None = None, by: str = "killed") -> Execution:
    return Execution.objects.create(
        sandbox=sandbox, key=f"e{since:%d%H%M}", started_at=since, ended_at=until, ended_by=by if until else "",
        cpu_count=2, memory_mb=1024,
    )  # fmt: skip


def lived(since: datetime, until: datetime | None = None, **fields: Any) -> Sandbox:
    """A sandbox that ran from then, as our record holds it."""
    ended: dict[str, Any] = {"state": "ended", "ended_at": until} if until else {}
    made = records.sandbox(started_at=since, **(ended | fields))
    run(made, since, until)
    return made
