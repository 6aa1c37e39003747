"""One reading of a backend's events, newest first, page by page: bounded in calls and time, and it proves its progress.

Offsets move while new events arrive, so pages overlap and the inbox drops what it holds. Whatever a page holds is kept,
however old. The size of a page says nothing (some backends give fewer than asked for): the end is an empty page, and a
page that brings no event which no page before it had is no progress.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from events import inbox
from events.parked import not_parked_yet
from events.retention import too_old
from events.wire import Unreadable, read_event
from events.writing import Arrival, Parked
from sandboxes.e2b import E2BClient, NoProgress
from sandboxes.models import Account

PAGE = 100
PAGES_AT_ONCE = 5
OVERLAP = 10  # events in which two pages overlap at most: what moved in between is read twice, not missed
OVERLAP_PART = 10  # of small pages only so much is read twice: a tenth, one event at least
MOST_CALLS = 1_000
MOST_SECONDS = 120.0
ONE_PAGE = (
    "The events API gives the same events for every offset: only its newest page can be read. "
    "Report it to the backend's operator"
)


class Sweep:
    """Reads events of one account and stores them.

    `read` counts events, `named` has the sandboxes that they are of. `newest` and `oldest` are times of events, which
    may lie ahead of the backend's clock. `new` counts those that nothing had brought before; the oldest of them is of
    `oldest_new`.
    """

    def __init__(self, account: Account, client: E2BClient) -> None:
        self.read = 0
        self.named: set[str] = set()
        self.oldest: datetime | None = None
        self.newest: datetime | None = None
        self.new = 0
        self.oldest_new: datetime | None = None
        self.offset = 0
        self._account, self._client = account, client
        self._seen: set[str] = set()
        self._calls, self._end = 0, time.monotonic() + MOST_SECONDS

    async def first_page(self) -> None:
        """The newest events alone, of a backend that knows only one page. Raises E2BErrors."""
        self._take(await self._pages([0]))
        await self._flush()

    async def back_to(self, limit: datetime, offset: int = 0) -> bool:
        """Reads from `offset` until an event of before `limit`, or the end of the backend's record.

        False when the budget ran out first: `offset` is then where to go on. Raises NoProgress and other E2BErrors;
        what was read until then is stored.
        """
        offsets, self.offset, was_new = [offset], offset, True
        while not self._is_spent():
            pages = await self._pages(offsets)
            is_new = self._take(pages)
            await self._flush()
            if not pages[-1] or (self.oldest and self.oldest < limit):
                return True
            if not is_new and not was_new:
                raise NoProgress(ONE_PAGE)
            offsets = _after(offsets[-1], len(pages[-1])) if is_new else [offsets[-1] + len(pages[-1])]
            self.offset, was_new = offsets[0], is_new
        return False

    def _is_spent(self) -> bool:
        return self._calls >= MOST_CALLS or time.monotonic() >= self._end

    async def _pages(self, offsets: Sequence[int]) -> list[list[dict[str, Any]]]:
        """What is at each of these offsets, side by side, and all that lies between them."""
        least = offsets[1] - offsets[0] if len(offsets) > 1 else 1
        return list(await asyncio.gather(*(self._stretch(offset, least) for offset in offsets)))

    async def _stretch(self, offset: int, least: int) -> list[dict[str, Any]]:
        """At least so many events from `offset` on, however few a page brings; fewer at the end of the record only."""
        found: list[dict[str, Any]] = []
        while True:
            self._calls += 1
            page = await self._client.whole_events(offset=offset + len(found), limit=PAGE)
            found += page
            if not page or len(found) >= least:
                return found

    def _take(self, pages: Sequence[Sequence[dict[str, Any]]]) -> bool:
        """Reads the pages' events; whether there was any that no page before had."""
        self._arrivals = [arrival(self._account, raw, self._client) for page in pages for raw in page]
        self.read += len(self._arrivals)
        events = [one.event for one in self._arrivals if one.event]
        self.named |= {event.sandbox_id for event in events}
        times = [event.timestamp for event in events]
        self.oldest = min([*times, *filter(None, [self.oldest])], default=None)
        self.newest = max([*times, *filter(None, [self.newest])], default=None)
        ids = {_identity(one) for one in self._arrivals}
        is_new = bool(ids - self._seen)
        self._seen |= ids
        return is_new

    async def _flush(self) -> None:
        now = datetime.now(UTC)
        kept = [one for one in self._arrivals if one.event and not too_old(one.event.timestamp, now)]
        parked = await not_parked_yet(self._account, [one for one in self._arrivals if one.parked])
        stored = await inbox.store([*kept, *parked])
        times = [event.timestamp for _, _, _, event in stored.events]
        self.new += len(times)
        self.oldest_new = min([*times, *filter(None, [self.oldest_new])], default=None)


def _after(offset: int, size: int) -> list[int]:
    """Where to read at once after `size` events at `offset`: a little before their end, and on by pages from there."""
    overlap = min(OVERLAP, max(1, size // OVERLAP_PART))
    step = max(1, min(size, PAGE) - overlap)
    return [offset + max(1, size - overlap) + step * n for n in range(PAGES_AT_ONCE)]


def _identity(one: Arrival) -> str:
    if one.event:
        return str(one.event.id)
    return one.parked.body.decode(errors="replace") if one.parked else ""


def arrival(account: Account, raw: dict[str, Any], client: E2BClient) -> Arrival:
    """An event as the events API gave it; one that can't be read is parked."""
    now = datetime.now(UTC)
    try:
        event = read_event(raw)
    except Unreadable as why:
        parked = Parked(str(why), str(raw.get("id") or "")[:64], {}, msgspec.json.encode(raw))
        return Arrival(account.pk, "reconcile", now, parked=parked)
    return Arrival(account.pk, "reconcile", now, event, clock_offset_seconds=client.clock_offset_seconds)
