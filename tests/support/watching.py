"""A simulated fleet on record: what tests of polling and back-fill watch."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sandboxes.models import Account, Execution, Sandbox
from simulator import DEFAULT_API_KEY
from simulator.sandbox import Sandbox as Simulated
from simulator.served import Served
from tests.support import records

T = TypeVar("T")


def moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def account_at(served: Served, name: str = "default", **fields: Any) -> Account:
    return records.account(name, url=served.url, api_key=DEFAULT_API_KEY, **fields)


def on_record(account: Account, simulated: Simulated) -> Sandbox:
    """Takes a simulated sandbox, with all its runs, onto our record, or brings that up to date."""
    fields = {
        "state": ("running" if simulated.state == "running" else "paused") if simulated.alive else "ended",
        "created_at": moment(simulated.runs[0].started),
        "started_at": moment(simulated.started),
        "ended_at": None if simulated.died is None else moment(simulated.died),
    }
    held = Sandbox.objects.filter(account=account, sandbox_id=simulated.id)
    if not held.update(**fields):
        records.sandbox(simulated.id, of=account, **fields)
    kept = held.get()
    for run in simulated.runs:
        ended_at = None if run.ended is None else moment(run.ended)
        Execution.objects.update_or_create(
            sandbox=kept, key=run.execution_id, defaults={"started_at": moment(run.started), "ended_at": ended_at}
        )
    return kept


def run(awaited: Awaitable[T]) -> T:
    """As a Celery task does: a loop of its own for one piece of work."""

    async def whole() -> T:
        return await awaited

    return asyncio.run(whole())
