"""A little history from before we watched, each round: from the backend's own record, only where we hold nothing."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from sandboxes.core import rounds
from sandboxes.core.accounts import client_for, enabled_accounts
from sandboxes.e2b import BadAnswer, BadRequest, Capabilities, E2BClient, E2BError, NotFound, Unsupported
from sandboxes.metrics.series import backfill_queue, past
from sandboxes.metrics.series.frame import Sample, reading
from sandboxes.metrics.series.past import Wanted
from sandboxes.metrics.series.spans import Span, step_seconds
from sandboxes.models import Account

CALLS: Final = 200  # a round; every 30 s that is 1% of E2B's rate
SECONDS: Final = 5.0
AT_ONCE: Final = 4
LOCK_SECONDS: Final = 60.0
# What no second try would change: the sandbox keeps the past that it has.
_FOR_GOOD = (BadAnswer, BadRequest, NotFound, Unsupported)
log = logging.getLogger(__name__)


@dataclass
class Round:
    """What one round brought: samples by sandbox key, and which sandboxes need no further one."""

    samples: list[tuple[int, Sample]] = field(default_factory=list)
    done: list[Wanted] = field(default_factory=list)
    calls: int = 0


async def backfill_some() -> None:
    """A bounded round for every enabled account; running sandboxes first, then those that ran within a day."""
    await rounds.for_each_account("backfill", _some, deadline_seconds=LOCK_SECONDS)


async def _some(account: Account) -> None:
    await _looked_at(account)
    await backfill(account, datetime.now(UTC))


async def backfill_looked_at(account_id: int) -> None:
    """What somebody looks at, at once; while a round is under way, right after it."""
    await sync_to_async(close_old_connections)()
    try:
        asked = [account for account in await sync_to_async(enabled_accounts)() if account.pk == account_id]
        await rounds.side_by_side("backfill", asked, _looked_at, deadline_seconds=LOCK_SECONDS)
    finally:
        await sync_to_async(close_old_connections)()


async def _looked_at(account: Account) -> None:
    """Serves the queue until it is empty; each look has one try, the ordinary rounds go on with what is left."""
    while keys := await backfill_queue.looked_at(account.pk):
        now = datetime.now(UTC)
        await _round(account, now, await sync_to_async(past.wanted_of)(account.pk, keys, now))
        await backfill_queue.served(account.pk, keys)


async def backfill(account: Account, now: datetime) -> Round:
    """One round for one account, and what was looked at meanwhile."""
    found = await _round(account, now, await sync_to_async(past.wanted)(account.pk, now, CALLS))
    await _looked_at(account)
    return found


async def _round(account: Account, now: datetime, wanted: list[Wanted]) -> Round:
    """A failing backend ends it; what was read by then is kept."""
    if Capabilities.from_dict(account.capabilities).lacks("metrics"):
        return Round()
    found = Round()
    async with client_for(account) as client:
        await _fetch_all(client, wanted, found)
    await sync_to_async(past.write)(account.pk, now, found.samples, found.done)
    return found


async def _fetch_all(client: E2BClient, wanted: Iterable[Wanted], found: Round) -> None:
    waiting = iter(wanted)
    ends = time.monotonic() + SECONDS

    async def work() -> None:
        for one in waiting:
            if one.windows and (found.calls >= CALLS or time.monotonic() > ends):
                return
            try:
                await fetch(client, one, found)
            except E2BError as error:
                # Not this sandbox's fault alone, perhaps: this worker stops, the others find out for themselves.
                log.info("back-fill stops for now: %s", error)
                return

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def fetch(client: E2BClient, one: Wanted, found: Round) -> None:
    samples: list[tuple[int, Sample]] = []
    for window in one.windows:
        found.calls += 1
        try:
            samples += [(one.key, sample) for sample in await _window(client, one.sandbox_id, window)]
        except _FOR_GOOD as error:
            log.info("no history of %s: %s", one.sandbox_id, error)
            break
    found.samples += samples
    found.done.append(one)


async def _window(client: E2BClient, sandbox_id: str, window: Span) -> list[Sample]:
    """Its closed buckets: the newest one may still change, and one that reaches out of the window is not ours."""
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in window)
    metrics = await client.metrics_history(sandbox_id, start, end, deadline_seconds=SECONDS)
    samples = [sample for metric in metrics if (sample := reading(metric))]
    now = datetime.now(UTC) + timedelta(seconds=client.clock_offset_seconds)
    closed = min(window.end, int(now.timestamp())) - step_seconds(window)
    return [sample for sample in samples if window.start <= sample.unix <= closed]
