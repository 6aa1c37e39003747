"""The one way into the record: each batch of events becomes one transaction, whatever brought them.

`Inbox` gathers what arrives while the last commit runs (group commit) and is the receiver's;
`store` writes at once and is for tasks.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

import psycopg
from psycopg_pool import AsyncConnectionPool

from events import database, writing
from events.writing import Arrival, Stored
from sandboxes import live

log = logging.getLogger(__name__)
MAX_BATCH = 500
MAX_WAITING = 4_000
COMMIT_TRIES = 3
COMMIT_SECONDS = 0.9
# What PostgreSQL or the fold says to an event that it cannot hold.
REFUSALS = (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError, OverflowError)


class Unavailable(Exception):
    """The event is not on disk and will not be: the sender has to try again."""


async def store(arrivals: Sequence[Arrival], *, park: bool = True) -> Stored:
    """Writes `arrivals` in transactions of at most MAX_BATCH and publishes what changed.

    Raises psycopg.OperationalError when the database is away; what was committed before that stays.
    Without `park` it raises REFUSALS for an event that cannot be taken in, and nothing of its batch is kept.
    """
    total = Stored()
    async with await psycopg.AsyncConnection.connect(database.conninfo(), autocommit=True) as connection:
        for first in range(0, len(arrivals), MAX_BATCH):
            stored = await _commit(connection, arrivals[first : first + MAX_BATCH], park=park)
            await _publish(stored)
            total += stored
    return total


class Inbox:
    """Group commit for one web process. Bounded: past MAX_WAITING arrivals it refuses instead of growing."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._pool: AsyncConnectionPool | None = None
        self._writer: asyncio.Task[None] | None = None
        self._publishing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Opens the pool (without waiting for the database) and begins to write."""
        self._pool = AsyncConnectionPool(
            database.conninfo(), min_size=1, max_size=2, open=False, timeout=COMMIT_SECONDS, reconnect_timeout=0,
            kwargs={"autocommit": True}, check=AsyncConnectionPool.check_connection,
        )  # fmt: skip
        await self._pool.open(wait=False)
        self._writer = asyncio.create_task(self._write_forever())

    async def stop(self) -> None:
        """Writes nothing more: what still waits is refused, so that its sender tries again."""
        if self._writer:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        self._refuse(self._waiting, "shutting down")
        self._waiting = []
        if self._pool:
            await self._pool.close()

    async def store(self, arrival: Arrival) -> None:
        """Returns once the arrival is committed, already held, or older than what we keep.

        Raises Unavailable when it could not be stored.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("more arrives than can be stored")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, done))
        self._wake.set()
        await done

    async def _write_forever(self) -> None:
        while True:
            await self._wake.wait()
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not self._waiting:
                self._wake.clear()
            if not batch:
                continue
            try:
                stored = await self._write([arrival for arrival, _ in batch])
            except asyncio.CancelledError:
                self._refuse(batch, "shutting down")
                raise
            except Exception as error:  # whatever it was: nothing of the batch is on disk, and each sender is told
                log.exception("a batch of %d was not stored", len(batch))
                self._refuse(batch, str(error))
                continue
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
            task = asyncio.create_task(_publish(stored))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def _write(self, arrivals: list[Arrival]) -> Stored:
        assert self._pool is not None
        async with asyncio.timeout(COMMIT_SECONDS * 2 + len(arrivals) / 100), self._pool.connection() as connection:
            return await _commit(connection, arrivals)

    @staticmethod
    def _refuse(batch: list[tuple[Arrival, asyncio.Future[None]]], why: str) -> None:
        for _, done in batch:
            if not done.done():
                done.set_exception(Unavailable(why))


async def _commit(connection: psycopg.AsyncConnection, arrivals: Sequence[Arrival], *, park: bool = True) -> Stored:
    """One transaction; tried again when another process's locks crossed ours.

    A batch never fails for one event: what PostgreSQL or the fold refuses is found by halving and parked.
    """
    for attempt in range(COMMIT_TRIES):
        try:
            async with connection.pipeline(), connection.transaction():
                return await writing.write(connection, arrivals)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if attempt + 1 == COMMIT_TRIES:
                raise
            log.warning("locks crossed with another process, writing the batch again")
        except REFUSALS as error:
            if not park:
                raise
            return await _commit_apart(connection, arrivals, error)
    raise AssertionError("unreachable")


async def _commit_apart(connection: psycopg.AsyncConnection, arrivals: Sequence[Arrival], error: Exception) -> Stored:
    if len(arrivals) > 1:
        half = len(arrivals) // 2
        stored = await _commit(connection, arrivals[:half])
        stored += await _commit(connection, arrivals[half:])
        return stored
    event = arrivals[0].event
    if event is None:
        raise error
    log.warning("event %s could not be taken in, it is parked: %s", event.id, error)
    return await _commit(connection, [arrivals[0].set_aside(f"could not be taken in: {error}")])


async def _publish(stored: Stored) -> None:
    """One message an account. A failure to publish never fails a commit."""
    for account, body in stored.changes.items():
        await live.apublish("change", account, body)
