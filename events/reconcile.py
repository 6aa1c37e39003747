"""Reads E2B's own record of events and takes in what no webhook brought.

Newest first, page by page, until an event of before the mark: everything up to the mark has been read already.
Offset paging moves while new events arrive, so pages overlap and the inbox drops what it holds.
The mark moves only when a sweep reached it: after an outage the next sweep reads on, as far back as E2B keeps events.
"""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from events import inbox, observe
from events.models import ReconcileMark
from events.retention import EVENTS_KEPT
from events.wire import Event, Unreadable, read_event
from events.writing import Arrival, Parked
from sandboxes import accounts
from sandboxes.e2b import E2BClient, E2BError, NotFound, Unsupported
from sandboxes.models import Account
from sandboxes.turns import turn

PAGE = 100
PAGES_AT_ONCE = 5
STEP = 90  # pages overlap by ten: what moved in between is read twice, not missed
LOOK_BACK = timedelta(seconds=90)  # an event may be recorded a little after its own time
TURN_SECONDS = 300
MANY = 2_000  # events of one sweep that change what the tables look like
log = logging.getLogger(__name__)


async def reconcile_all() -> None:
    """Every account at work whose backend has events."""
    for account in await sync_to_async(accounts.enabled_accounts)():
        if account.capabilities.get("events") is False:
            continue
        async with turn(f"reconcile:{account.pk}", max(TURN_SECONDS, settings.RECONCILE_INTERVAL_SECONDS * 2)) as ours:
            if ours:
                await reconcile(account)


async def reconcile(account: Account) -> int:
    """One sweep; the number of events read. A failure is written down, and the next sweep reads on."""
    mark = (await ReconcileMark.objects.aget_or_create(account=account))[0]
    health = await sync_to_async(accounts.health_of)(account)
    read = 0
    try:
        async with accounts.client_for(account) as client:
            read = await _sweep(account, mark, client)
    except (NotFound, Unsupported):
        health.reconcile_error = "This backend has no events API: what its list shows is all there is"
    except E2BError as error:
        health.reconcile_error = str(error)
        log.warning("account %s: events could not be read: %s", account.name, error)
    else:
        health.reconcile_error, health.last_reconcile_at = "", datetime.now(UTC)
    await health.asave(update_fields=["reconcile_error", "last_reconcile_at"])
    return read


async def reconcile_sandbox(account: Account, client: E2BClient, sandbox_id: str) -> int:
    """Takes in the latest events of one sandbox; how many we did not hold. Raises E2BError."""
    told = await client.whole_events(offset=0, limit=PAGE, sandbox_id=sandbox_id)
    return (await inbox.store([_arrival(account, raw) for raw in told])).new


async def _sweep(account: Account, mark: ReconcileMark, client: E2BClient) -> int:
    """Reads back to the mark, or as far as E2B keeps events; moves the mark at the end.

    One page first, since mostly nothing is missing; then several at once.
    """
    until = mark.complete_to - LOOK_BACK if mark.complete_to else datetime.now(UTC) - EVENTS_KEPT
    offsets, read, newest, oldest = [0], 0, mark.complete_to, mark.oldest_at
    # A first sweep meets many that have died since without an event: they would be counted as paused for some time.
    listed = await client.list_all() if mark.complete_to is None else None
    while True:
        pages = await asyncio.gather(*(client.whole_events(offset=offset, limit=PAGE) for offset in offsets))
        arrivals = [_arrival(account, raw) for page in pages for raw in page]
        await inbox.store([a for a in arrivals if a.parked or _wanted(a.event, until)])
        if listed is not None:
            named = {arrival.event.sandbox_id for arrival in arrivals if arrival.event}
            await observe.settle_paused(account, client, named, listed)
        times = [a.event.timestamp for a in arrivals if a.event]
        newest = max([*times, *([newest] if newest else [])], default=None)
        oldest = min([*times, *([oldest] if oldest else [])], default=None)
        read += sum(map(len, pages))
        if len(pages[-1]) < PAGE or (times and min(times) < until):
            break
        offsets = [offsets[-1] + STEP * (n + 1) for n in range(PAGES_AT_ONCE)]
    if read > MANY:
        await sync_to_async(_analyze)()
    # An event stamped in the future must not carry the mark there: the backend's clock bounds it.
    latest = datetime.now(UTC) + timedelta(seconds=client.clock_offset_seconds)
    mark.complete_to, mark.oldest_at = (min(newest, latest) if newest else None), oldest
    await mark.asave(update_fields=["complete_to", "oldest_at"])
    return read


def _analyze() -> None:
    """Gives the planner statistics of a fleet that came at once: until autovacuum looks, it takes tables for empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE sandboxes_sandbox, sandboxes_guard, sandboxes_execution, sandboxes_executionend, "
            "sandboxes_metricseries, sandboxes_fleetminute, events_lifecycleevent"
        )


def _wanted(event: Event | None, until: datetime) -> bool:
    return event is not None and event.timestamp >= until


def _arrival(account: Account, raw: dict[str, Any]) -> Arrival:
    now = datetime.now(UTC)
    try:
        return Arrival(account.pk, "reconcile", now, read_event(raw, now))
    except Unreadable as why:
        parked = Parked(str(why), str(raw.get("id") or "")[:64], {}, msgspec.json.encode(raw))
        return Arrival(account.pk, "reconcile", now, parked=parked)
