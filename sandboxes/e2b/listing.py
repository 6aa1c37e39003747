"""Reads E2B's whole list: one stream of pages per state, side by side, joined into one inventory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from sandboxes.e2b.errors import BadAnswer, E2BError
from sandboxes.e2b.wire import ListedSandbox

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_KNOWN_STATES = frozenset({"running", "paused"})


@dataclass(frozen=True)
class Page:
    """One page of the list. `total_running` and `server_date` are None when the backend does not tell.

    `unreadable` counts entries that could not be read; `sent_at` is on our clock.
    """

    items: list[ListedSandbox]
    next_token: str | None
    total_running: int | None
    unreadable: int
    sent_at: datetime
    server_date: datetime | None


@dataclass(frozen=True)
class Inventory:
    """All pages together, each sandbox once.

    `sent_at` is when the first page was asked for, on our clock; add `clock_offset_seconds` for the server's.
    `complete` is False when a later page failed (`failure` says how) or an entry was unreadable: what is absent
    then means nothing. Even a complete one is no snapshot: absence is proved by a 404 from GET alone.
    """

    items: list[ListedSandbox]
    sent_at: datetime
    clock_offset_seconds: float
    pages: int
    complete: bool
    total_running: int | None = None
    unreadable: int = 0
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
    unreadable = sum(page.unreadable for page in pages)
    return Inventory(
        items=[item for item in _join(streams) if _is_wanted(item, states, metadata or {})],
        sent_at=min(page.sent_at for page in pages),
        clock_offset_seconds=offset_seconds(),
        pages=len(pages),
        complete=failure is None and not unreadable,
        total_running=next((page.total_running for page in pages if page.total_running is not None), None),
        unreadable=unreadable,
        failure=failure,
    )


async def _read_stream(fetch: Fetch, state: str) -> _Stream:
    stream, token, seen = _Stream(state), None, set[str]()
    try:
        while True:
            page = await fetch(state, token)
            stream.pages.append(page)
            token = page.next_token
            if token is None:
                return stream
            if token in seen:
                raise BadAnswer("The list's pages go round in a circle: the backend gives the same token again")
            seen.add(token)
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
    if item.state in _KNOWN_STATES and item.state not in states:
        return False
    return all(item.metadata.get(key) == value for key, value in metadata.items())
