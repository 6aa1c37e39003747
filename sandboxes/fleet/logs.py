"""A sandbox's log, read backward from its end or forward from a line, whichever version the backend speaks."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor
from typing import Final

from sandboxes.core.accounts import client_for
from sandboxes.e2b import E2BClient, LogLine
from sandboxes.models import Account

LEVELS: Final = ("debug", "info", "warn", "error")
LONGEST_SEARCH: Final = 256
PAGE: Final = 200
_OLD_PAGE: Final = 1000
_OLD_PAGES: Final = 5  # of a backend that reads only forward: so far its end is looked for


@dataclass(frozen=True)
class Wanted:
    """Lines before or after a moment (Unix ms; neither: the newest), of at least `level`, with `search` in them."""

    before: int | None = None
    after: int | None = None
    level: str | None = None
    search: str | None = None


@dataclass(frozen=True)
class Lines:
    """Oldest first; `more` says that there are further ones in the direction that was read."""

    lines: list[LogLine]
    more: bool


async def read(account: Account, sandbox_id: str, wanted: Wanted) -> Lines:
    """One page. Raises NotFound or Unsupported where there is no log, other E2BErrors when it can't be read."""
    async with client_for(account) as client:
        if wanted.after is not None:
            found = await _ask(client, sandbox_id, wanted, wanted.after, "forward", PAGE)
            return Lines(_in_order(found), len(found) >= PAGE)
        found = await _ask(client, sandbox_id, wanted, wanted.before, "backward", PAGE)
        if _is_forward(found):
            return await _end_of_old_log(client, sandbox_id, wanted)
        return Lines(_in_order(found), len(found) >= PAGE)


async def _end_of_old_log(client: E2BClient, sandbox_id: str, wanted: Wanted) -> Lines:
    """The first version of the API knows no backward: its pages are read from the beginning, the last lines kept."""
    held: dict[tuple[datetime | None, str], LogLine] = {}
    cursor: int | None = None
    for _ in range(_OLD_PAGES):
        found = await _ask(client, sandbox_id, wanted, cursor, None, _OLD_PAGE)
        fresh = {(line.timestamp, line.message): line for line in found} if found else {}
        newer = fresh.keys() - held.keys()
        held |= fresh
        last = max((line.timestamp for line in found if line.timestamp), default=None)
        if not newer or last is None:
            break
        cursor = floor(last.timestamp() * 1000)
    before = wanted.before
    lines = [line for line in _in_order(list(held.values())) if before is None or ms_of(line) < before]
    return Lines(lines[-PAGE:], len(lines) > PAGE)


async def _ask(
    client: E2BClient, sandbox_id: str, wanted: Wanted, cursor: int | None, direction: str | None, limit: int
) -> list[LogLine]:
    return await client.logs(
        sandbox_id, cursor=cursor, limit=limit, direction=direction, level=wanted.level, search=wanted.search
    )


def ms_of(line: LogLine) -> int:
    """Its time in Unix ms, rounded up: asked backward from there it is among the answers. 0 without a time."""
    return ceil(line.timestamp.timestamp() * 1000) if line.timestamp else 0


def _is_forward(found: list[LogLine]) -> bool:
    """Asked backward the newest line comes first: where the oldest does, the backend did not understand."""
    times = [line.timestamp for line in found if line.timestamp]
    return len(times) > 1 and times[0] < times[-1]


def _in_order(found: list[LogLine]) -> list[LogLine]:
    long_ago = datetime.fromtimestamp(0, UTC)
    return sorted(found, key=lambda line: line.timestamp or long_ago)
