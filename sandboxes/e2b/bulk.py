"""Latest metrics of many sandboxes: chunks side by side, malformed IDs isolated by halving, partial results kept."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sandboxes.e2b.errors import BadAnswer, BadRequest, E2BError, NotFound, Unauthorized, Unsupported
from sandboxes.e2b.wire import Metric

CHUNK = 100  # IDs in one bulk call, at most (E2B answers 400 to more)

# After one of these every further call would only hear the same.
_POINTLESS_TO_GO_ON = (Unauthorized, NotFound, Unsupported, BadAnswer)


@dataclass(frozen=True)
class BulkMetrics:
    """`samples` by sandbox ID; a sandbox without one yet is in none of these.

    `refused_ids`: the backend calls them malformed. `unread_ids`: a call failed (see `failures`), or the budget
    was used up before their turn. `calls` were made, retries not counted. `gone_ids`: a call for that one alone found
    nothing.
    """

    samples: dict[str, Metric]
    refused_ids: tuple[str, ...]
    unread_ids: tuple[str, ...]
    calls: int
    failures: tuple[E2BError, ...]
    gone_ids: tuple[str, ...] = ()


Fetch = Callable[[list[str]], Awaitable[Mapping[str, Metric]]]


@dataclass
class _Reading:
    fetch: Fetch
    waiting: deque[list[str]]
    calls_left: int
    calls: int = 0
    samples: dict[str, Metric] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    failures: list[E2BError] = field(default_factory=list)
    pointless: E2BError | None = None

    async def work(self) -> None:
        while self.waiting and self.pointless is None:
            chunk = self.waiting.popleft()
            if not self.calls_left:
                self.unread += chunk
                continue
            self.calls_left -= 1
            self.calls += 1
            await self._read(chunk)

    async def _read(self, chunk: list[str]) -> None:
        try:
            found = await self.fetch(chunk)
        except BadRequest:
            self._halve(chunk)
        except _POINTLESS_TO_GO_ON as error:
            self.pointless = error
        except E2BError as error:
            self.failures.append(error)
            self.unread += chunk
        else:
            self.samples.update((one, found[one]) for one in chunk if one in found)

    def _halve(self, chunk: list[str]) -> None:
        if len(chunk) == 1:
            self.refused += chunk
            return
        middle = len(chunk) // 2
        self.waiting += [chunk[:middle], chunk[middle:]]


async def read(fetch: Fetch, ids: Iterable[str], *, chunk: int, workers: int, max_calls: int | None) -> BulkMetrics:
    """`fetch` brings the samples of one chunk of IDs; at most `workers` at once and `max_calls` in all.

    Without `max_calls` the chunks and as many calls again (and 200 more) for halving are allowed, so that a
    backend that refuses everything does not make us ask for each ID.
    Raises Unauthorized, NotFound, Unsupported and BadAnswer at once; another E2BError when nothing could be read.
    """
    wanted = list(dict.fromkeys(ids))
    chunks = deque(wanted[start : start + chunk] for start in range(0, len(wanted), chunk))
    reading = _Reading(fetch, chunks, 2 * len(chunks) + 200 if max_calls is None else max_calls)
    await asyncio.gather(*(reading.work() for _ in range(min(workers, len(chunks)))))
    if reading.pointless is not None:
        raise reading.pointless
    if reading.failures and not reading.samples and len(reading.failures) == reading.calls:
        raise reading.failures[0]
    return BulkMetrics(
        reading.samples, tuple(reading.refused), tuple(reading.unread), reading.calls, tuple(reading.failures)
    )
