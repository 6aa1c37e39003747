"""Reads E2B's whole list: one stream of pages per state, side by side, joined into one inventory.

The work is bounded whatever a backend answers: each page must bring a sandbox that no page before it had.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from sandboxes.e2b.doubts import Doubts, together
from sandboxes.e2b.errors import BadAnswer, E2BError, NoProgress
from sandboxes.e2b.wire import DEAD, PAUSED, RUNNING, ListedSandbox

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_KNOWN_STATES = frozenset({RUNNING, PAUSED})
MOST_PAGES = 5_000  # of one stream: half a million sandboxes
MOST_IDLE_PAGES = 3  # in a row without a new sandbox; while a fleet moves, a page may repeat what another one had
# The count of the first page and the list of all pages are not of one moment: sandboxes die while we read.
COUNT_SLACK, COUNT_SLACK_SHARE = 5, 0.05


@dataclass(frozen=True)
class Page:
    """One page of the list. `total_running` and `server_date` are None when the backend does not tell.

    `doubts` is what of it could not be read; `sent_at` is on our clock.
    """

    items: list[ListedSandbox]
    next_token: str | None
    total_running: int | None
    doubts: Doubts
    sent_at: datetime
    server_date: datetime | None


@dataclass(frozen=True)
class Inventory:
    """All pages together, each sandbox once.

    `sent_at` is when the first page was asked for, on our clock; add `clock_offset_seconds` for the server's.
    `complete` is False when a later page failed or the backend counts more than it lists (`failure` says how): what is
    absent then means nothing. It is about pages: an unreadable field or entry (`doubts`) hides nobody else. Even a
    complete one is no snapshot: absence is proved by GET alone. What the list itself calls dead is not in it.
    """

    items: list[ListedSandbox]
    sent_at: datetime
    clock_offset_seconds: float
    pages: int
    complete: bool
    total_running: int | None = None
    doubts: Doubts = field(default_factory=Doubts)
    failure: E2BError | None = None

    @property
    def sent_at_server(self) -> datetime:
        """`sent_at` on the server's clock."""
        return self.sent_at + timedelta(seconds=self.clock_offset_seconds)


@dataclass
class _Stream:
    state: str
    pages: list[Page] = field(default_factory=list)
    failure: E2BError | None = None


Fetch = Callable[[str, str | None], Awaitable[Page]]


async def read_all(
    fetch: Fetch, states: Sequence[str], metadata: Mapping[str, str] | None, offset_seconds: Callable[[], float]
) -> Inventory:
    """Pages through every state at once; `fetch(state, token)` brings one page.

    Raises the E2BError of a stream whose first page fails.
    """
    streams = await asyncio.gather(*(_read_stream(fetch, state) for state in dict.fromkeys(states)))
    for stream in streams:
        if stream.failure and not stream.pages:
            raise stream.failure
    pages = [page for stream in streams for page in stream.pages]
    failure = next((stream.failure for stream in streams if stream.failure), None)
    joined = _join(streams)
    total = next((page.total_running for page in pages if page.total_running is not None), None)
    return Inventory(
        items=[item for item in joined if _is_wanted(item, states, metadata or {})],
        sent_at=min(page.sent_at for page in pages),
        clock_offset_seconds=offset_seconds(),
        pages=len(pages),
        complete=failure is None and (short := _short(joined, total)) is None,
        total_running=total,
        doubts=together(page.doubts for page in pages),
        failure=failure or short,
    )


def _short(joined: Sequence[ListedSandbox], total_running: int | None) -> E2BError | None:
    """What is wrong with a list that names fewer running sandboxes than the backend counts (X-Total-Running)."""
    listed = sum(item.state == RUNNING for item in joined)
    if total_running is None or total_running <= listed + COUNT_SLACK + COUNT_SLACK_SHARE * listed:
        return None
    return BadAnswer(
        f"The list is short: the backend counts {total_running:,} running sandboxes and lists {listed:,}. "
        "It may know only its first page: ask its operator"
    )


async def _read_stream(fetch: Fetch, state: str) -> _Stream:
    stream, token, seen, idle = _Stream(state), None, set[str](), 0
    try:
        while True:
            page = await fetch(state, token)
            stream.pages.append(page)
            token = page.next_token
            if token is None:
                return stream
            new = {item.sandbox_id for item in page.items} - seen
            seen |= new
            idle = 0 if new else idle + 1
            if idle >= MOST_IDLE_PAGES or len(stream.pages) >= MOST_PAGES:
                raise NoProgress(
                    f"The list has no end: {idle} pages in a row brought nobody new, after {len(stream.pages)} pages "
                    f"with {len(seen):,} sandboxes. Report it to the backend's operator"
                )
    except E2BError as error:
        stream.failure = error
        return stream


def _join(streams: Sequence[_Stream]) -> list[ListedSandbox]:
    """Each sandbox once: one that moved while we read counts as it was in its later run, else as last seen."""
    newest: dict[str, tuple[tuple[datetime, datetime], ListedSandbox]] = {}
    for stream in streams:
        for page in stream.pages:
            for item in page.items:
                rank = (item.started_at or _LONG_AGO, page.sent_at)
                held = newest.get(item.sandbox_id)
                if held is None or rank >= held[0]:
                    newest[item.sandbox_id] = rank, item if item.state else replace(item, state=stream.state)
    return [item for _, item in newest.values()]


def _is_wanted(item: ListedSandbox, states: Sequence[str], metadata: Mapping[str, str]) -> bool:
    """Filters again what a backend may have ignored; a state word we don't know stays in."""
    if item.state == DEAD or (item.state in _KNOWN_STATES and item.state not in states):
        return False
    return all(item.metadata.get(key) == value for key, value in metadata.items())
