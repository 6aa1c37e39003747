"""Looks once at each sandbox that ended without a reason, shortly after its end, and writes down why it probably died.

The backend is asked for its log, and for its samples where we hold none of the end: at most `ASKED` sandboxes a
round, each until it was answered or `GIVE_UP` has passed. What we ended ourselves, what was paused and what ended
when it was to end needs no guess.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Exists, OuterRef

from events.writing.summaries import SHOWN, sandbox_summary
from sandboxes.base.masking import mask
from sandboxes.core import accounts, live, rounds
from sandboxes.e2b import Capabilities, E2BClient, E2BError, NotFound, Unsupported
from sandboxes.fleet.causes import SILENT, UNKNOWN, Cause, Limits, Line, Reading, probable_cause
from sandboxes.metrics import series
from sandboxes.models import Account, Action, Execution, Sandbox

SETTLED: Final = timedelta(seconds=15)  # its last samples and lines are on their way
REACH: Final = timedelta(hours=24)
GIVE_UP: Final = timedelta(minutes=10)
LOOK_BACK: Final = timedelta(minutes=30)
LINES_BACK: Final = timedelta(minutes=2)
MOST_LINES: Final = 1000
CANDIDATES: Final = 200
ASKED: Final = 25
AT_ONCE: Final = 4
SECONDS: Final = 8.0
LOCK_SECONDS: Final = 90.0
# A kill that was sent, or may have.
_OURS: Final = (Action.State.SENT, Action.State.DONE, Action.State.CONFIRMED)
log = logging.getLogger(__name__)


class Death(NamedTuple):
    """A sandbox that ended without a word, and its last run as far as it is known."""

    sandbox: Sandbox
    run: Execution | None

    @property
    def is_open(self) -> bool:
        """Whether there is anything to find out: it ran, and it did not just reach its planned end."""
        ended_at = self.sandbox.ended_at
        if self.run is None or ended_at is None:
            return ended_at is not None
        if self.run.ended_by == "paused":
            return False
        planned = self.run.end_at
        return self.sandbox.end_reason == UNKNOWN or planned is None or ended_at < planned - timedelta(seconds=5)

    @property
    def since(self) -> datetime:
        """From when on samples tell of this death: another run's memory is another story."""
        assert self.sandbox.ended_at is not None
        first = self.sandbox.ended_at - LOOK_BACK
        return max(first, self.run.started_at) if self.run else first


async def look_at_all() -> None:
    """One bounded round for every enabled account, side by side."""
    await rounds.for_each_account("causes", _look_now, deadline_seconds=LOCK_SECONDS)


async def _look_now(account: Account) -> None:
    await look(account, datetime.now(UTC))


async def look(account: Account, now: datetime) -> int:
    """One round for one account; how many causes were found. A failing backend is asked again next round."""
    deaths = await sync_to_async(_deaths)(account, now)
    closed = [death.sandbox for death in deaths if not death.is_open]
    await sync_to_async(_close)(closed, now)
    asked = [death for death in deaths if death.is_open][:ASKED]
    if not asked:
        return 0
    gate = asyncio.Semaphore(AT_ONCE)
    async with accounts.client_for(account) as client:

        async def one(death: Death) -> bool:
            async with gate:
                return await _look_at(account, client, death, now)

        return sum(await asyncio.gather(*map(one, asked)))


def _deaths(account: Account, now: datetime) -> list[Death]:
    """The latest first: what ended long ago while we were away can wait."""
    ours = Action.objects.filter(sandbox=OuterRef("pk"), kind=Action.Kind.KILL, state__in=_OURS)
    rows = (
        Sandbox.objects.filter(account=account, state=Sandbox.State.ENDED, end_reason__in=SILENT, cause_looked_at=None)
        .filter(ended_at__gt=now - REACH, ended_at__lte=now - SETTLED)
        .exclude(Exists(ours))
        .order_by("-ended_at")[:CANDIDATES]
    )
    found = list(rows.defer("fold"))
    runs = Execution.objects.filter(sandbox__in=[row.pk for row in found]).order_by("sandbox", "-started_at")
    last = {run.sandbox_id: run for run in runs.distinct("sandbox")}
    return [Death(row, last.get(row.pk)) for row in found]


async def _look_at(account: Account, client: E2BClient, death: Death, now: datetime) -> bool:
    sandbox = death.sandbox
    assert sandbox.ended_at is not None
    lines: list[Line] = []
    readings = await sync_to_async(_held)(death)
    known = Capabilities.from_dict(account.capabilities)
    try:
        async with asyncio.timeout(SECONDS):
            if not known.lacks("metrics") and not _reach_the_end(readings, sandbox):
                readings = await _asked_for(client, death) or readings
            if not known.lacks("logs"):
                lines = await _lines(client, sandbox, readings)
    except (E2BError, TimeoutError) as error:
        log.info("account %s: the end of %s could not be looked at: %s", account.name, sandbox.sandbox_id, error)
        if now - sandbox.ended_at < GIVE_UP:
            return False
    cause = probable_cause(sandbox.end_reason, readings, lines, _limits(sandbox, death.run))
    if not await sync_to_async(_write)(sandbox, cause, now) or cause is None:
        return False
    told = {name: getattr(sandbox, name) for name in (*SHOWN, "burn_usd_per_hour")}
    summary = sandbox_summary(sandbox.pk, sandbox.sandbox_id, told)
    await live.apublish("change", account.pk, {"sandboxes": [summary], "events": []})
    return True


def _held(death: Death) -> list[Reading]:
    """Our own samples of its last half-hour."""
    assert death.sandbox.ended_at is not None
    columns = series.sandbox_metrics(death.sandbox.pk, death.since, death.sandbox.ended_at)
    pairs = zip(columns.t, columns.mem_used, strict=True)
    return [Reading(at, used) for at, used in pairs if used is not None]


def _reach_the_end(readings: Sequence[Reading], sandbox: Sandbox) -> bool:
    assert sandbox.ended_at is not None
    near = max(10.0, 2 * float(settings.POLL_INTERVAL_SECONDS))
    return bool(readings) and sandbox.ended_at.timestamp() - readings[-1].at <= near


async def _asked_for(client: E2BClient, death: Death) -> list[Reading]:
    """The backend's own samples, which it keeps beyond the death; none where it has none."""
    assert death.sandbox.ended_at is not None
    try:
        told = await client.metrics_history(death.sandbox.sandbox_id, death.since, death.sandbox.ended_at)
    except (NotFound, Unsupported):
        return []
    return [Reading(float(one.timestamp_unix), int(one.mem_used)) for one in told if one.mem_used > 0]


async def _lines(client: E2BClient, sandbox: Sandbox, readings: Sequence[Reading]) -> list[Line]:
    """Its log around the end: around the last sample where the end was only found later. None where there is none."""
    assert sandbox.ended_at is not None
    end = sandbox.ended_at
    if sandbox.end_reason != UNKNOWN and readings:
        end = min(end, datetime.fromtimestamp(readings[-1].at, UTC))
    try:
        told = await client.logs(
            sandbox.sandbox_id, cursor=int((end - LINES_BACK).timestamp() * 1000), limit=MOST_LINES
        )
    except (NotFound, Unsupported):
        return []
    return sorted(Line(line.timestamp.timestamp(), mask(line.message)) for line in told if line.timestamp)


def _limits(sandbox: Sandbox, run: Execution | None) -> Limits:
    assert sandbox.ended_at is not None
    allocated = (sandbox.memory_mb or (run.memory_mb if run else None) or 0) * 2**20
    late = 0.0 if sandbox.end_reason == UNKNOWN else 3 * settings.SYNC_INTERVAL_SECONDS
    return Limits(sandbox.mem_total or allocated or None, sandbox.ended_at.timestamp(), late)


def _close(closed: Sequence[Sandbox], now: datetime) -> None:
    for sandbox in closed:
        _write(sandbox, None, now)


def _write(sandbox: Sandbox, cause: Cause | None, now: datetime) -> bool:
    """Only while it is the death that was looked at: an event may have reopened it or told the reason meanwhile."""
    same: dict[str, Any] = {"pk": sandbox.pk, "ended_at": sandbox.ended_at, "end_reason": sandbox.end_reason}
    return bool(Sandbox.objects.filter(**same).update(probable_cause=cause, cause_looked_at=now))
