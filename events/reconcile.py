"""Reads E2B's own record of events and takes in what no webhook brought.

A sweep (`events.sweep`) reads the newest first, until an event of before the mark: everything up to the mark has been
read already. The mark moves only when a sweep reached it: after an outage sweeps read on, as far back as events are
kept.
"""

import logging
from datetime import UTC, datetime, timedelta

from asgiref.sync import sync_to_async
from django.conf import settings

from events import inbox, observe, queries
from events.models import ReconcileMark
from events.retention import EVENTS_KEPT
from events.sweep import ONE_PAGE, OVERLAP, PAGE, Sweep, arrival
from sandboxes.core import accounts, cooldowns, database, rounds
from sandboxes.e2b import E2BClient, E2BError, NoProgress, NotFound, Unsupported
from sandboxes.models import Account

LOOK_BACK = timedelta(seconds=90)  # an event may be recorded a little after its own time; `late_seconds` learns more
LATEST = timedelta(hours=1)
LATE_HALF_LIFE = timedelta(hours=1)  # one event that came an hour late is no reason to read back that far for ever
TRY_PAGES_AGAIN = timedelta(hours=1)  # of a backend that gave the same events for every offset
LOCK_SECONDS = 300
MANY = 2_000  # events of one sweep that change what the tables look like
log = logging.getLogger(__name__)


async def reconcile_all() -> None:
    """Every enabled account, side by side; one that fails does not hold up the others."""
    await rounds.for_each_account("reconcile", _reconcile_if_due, deadline_seconds=LOCK_SECONDS)


async def _reconcile_if_due(account: Account) -> None:
    """A backend that has no events API is asked now and then: it may get one, or the address be corrected."""
    if not await cooldowns.is_on(_without_events(account)):
        await reconcile(account)


def _without_events(account: Account) -> str:
    return f"no-events:{account.pk}"


async def reconcile(account: Account) -> int:
    """One sweep; the number of events read. A failure is written down, and the next sweep reads on."""
    await ReconcileMark.objects.abulk_create([ReconcileMark(account=account)], ignore_conflicts=True)
    mark = await ReconcileMark.objects.aget(account=account)
    health = await sync_to_async(accounts.health_of)(account)
    read = 0
    try:
        async with accounts.client_for(account) as client:
            read = await _sweep(account, mark, client)
    except (NotFound, Unsupported):
        health.reconcile_error = "This backend has no events API: what its list shows is all there is"
        await cooldowns.start(_without_events(account), max(15.0, 3 * settings.RECONCILE_INTERVAL_SECONDS))
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
    return (await inbox.store([arrival(account, raw, client) for raw in told])).new


async def _sweep(account: Account, mark: ReconcileMark, client: E2BClient) -> int:
    """Reads back to the mark, or as far as the backend keeps events; how many events. The mark moves once all is read.

    Where the budget runs out first, the next sweep reads what is new and then goes on from there. Raises NoProgress,
    after a first page has been stored and the mark has moved: such a backend is asked for one page at a time.
    """
    sweep = Sweep(account, client)
    if mark.one_page_since and datetime.now(UTC) - mark.one_page_since < TRY_PAGES_AGAIN:
        await sweep.first_page()
        await _move(mark, sweep, client, reached=True)
        raise NoProgress(ONE_PAGE)
    try:
        reached = await _read_back(mark, sweep)
    except NoProgress:
        mark.one_page_since = datetime.now(UTC)
        await _move(mark, sweep, client, reached=True)
        raise
    mark.one_page_since = None
    if mark.complete_to is None:
        # A first sweep meets many that have died since without an event: they would be counted as paused for some time.
        await observe.settle_paused(account, client, sweep.named, await client.list_all())
    if sweep.read > MANY:
        await sync_to_async(_analyze)()
    await _move(mark, sweep, client, reached=reached)
    return sweep.read


async def _read_back(mark: ReconcileMark, sweep: Sweep) -> bool:
    """The newest events, then on from where the last sweep ran out of its budget."""
    until = datetime.now(UTC) - EVENTS_KEPT
    if mark.complete_to:
        until = mark.complete_to - max(LOOK_BACK, 1.5 * timedelta(seconds=mark.late_seconds))
    if mark.backlog_offset is None or mark.backlog_newest is None:
        return await sweep.back_to(until)
    if not await sweep.back_to(mark.backlog_newest - LOOK_BACK):
        return False
    return await sweep.back_to(until, max(0, mark.backlog_offset + sweep.new - OVERLAP))


async def _move(mark: ReconcileMark, sweep: Sweep, client: E2BClient, *, reached: bool) -> None:
    """Moves the mark, or notes where to go on; remembers how late events came."""
    # An event stamped in the future must not carry the mark there: the backend's clock bounds it.
    latest = datetime.now(UTC) + timedelta(seconds=client.clock_offset_seconds)
    newest = min(sweep.newest, latest) if sweep.newest else None
    mark.late_seconds = _late_seconds(mark, sweep.oldest_new)
    if reached:
        mark.complete_to = max(filter(None, [mark.complete_to, newest, mark.backlog_newest]), default=None)
        mark.backlog_offset = mark.backlog_newest = None
    else:
        mark.backlog_offset = sweep.offset
        mark.backlog_newest = max(filter(None, [mark.backlog_newest, newest]), default=None)
    mark.oldest_at = min(filter(None, [mark.oldest_at, sweep.oldest]), default=None)
    await mark.asave()


def _late_seconds(mark: ReconcileMark, oldest_new: datetime | None) -> float:
    """How far behind the mark new events may come: as late as this sweep's, or a little less than was known before."""
    known: float = mark.late_seconds * 0.5 ** (settings.RECONCILE_INTERVAL_SECONDS / LATE_HALF_LIFE.total_seconds())
    if mark.complete_to is None or oldest_new is None:
        return known
    return min(LATEST.total_seconds(), max(known, (mark.complete_to - oldest_new).total_seconds()))


def _analyze() -> None:
    """Gives the planner statistics of a fleet that came at once: until autovacuum looks, it takes tables for empty."""
    database.execute(queries.ANALYZE)
