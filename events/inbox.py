"""The one way into the record: each batch of events becomes one transaction, whatever brought them.

`Inbox` gathers what arrives while the last commit runs (group commit) and is the receiver's;
`store` writes at once and is for tasks.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import TypeAlias

import psycopg

from events import database, writing
from events.announcing import Announcer, announce
from events.limits import Promise, Promises, Unavailable, refuse
from events.writing import Arrival, Stored
from sandboxes.core import live
from sandboxes.core.background import Background

log = logging.getLogger(__name__)
MAX_BATCH = 500
MAX_WAITING = 4_000
COMMIT_TRIES = 3
WRITERS = 2
WORTH_A_BATCH = 32  # a batch costs PostgreSQL as much as ten events: beside another, fewer than this wait for its end
CONNECT_SECONDS = 0.9
COMMIT_SECONDS = 1.8
Waiting: TypeAlias = tuple[Arrival, Promise]
# What PostgreSQL says to an event that it can't hold; every other error of it is the database's own.
_REFUSALS = (psycopg.DataError, psycopg.IntegrityError)


async def store(arrivals: Sequence[Arrival], *, park: bool = True) -> Stored:
    """Writes `arrivals` in transactions of at most MAX_BATCH and publishes what changed.

    Raises psycopg.OperationalError when the database is away; what was committed before that stays. What came for an
    account that is gone is left out and said in the log. Without `park` it raises what an event that can't be taken in
    raised (`is_the_events_own`), and nothing of its batch is kept.
    """
    total = Stored()
    connection = await psycopg.AsyncConnection.connect(database.conninfo())
    async with live.Publisher() as publisher, connection, connection.pipeline():
        for first in range(0, len(arrivals), MAX_BATCH):
            stored = await _commit(connection, arrivals[first : first + MAX_BATCH], park=park)
            await announce(publisher, stored)
            total += stored
    if total.gone:
        log.warning("accounts %s are gone, what came for them was not stored", sorted(total.gone))
    return total


class Inbox:
    """Group commit for one web process. Bounded: past MAX_WAITING arrivals it refuses instead of growing.

    What finds nobody writing is written at once. WRITERS batches are under way together, each on a connection of its
    own, when enough waits: while PostgreSQL works on one, the next is folded and sent.
    """

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._due = asyncio.Event()
        self._under_way = 0
        self._promises = Promises()
        self._background = Background()
        self._announcer = Announcer()

    async def start(self) -> None:
        """Begins to write, without waiting for the database."""
        self._announcer.start()
        for number in range(WRITERS):
            self._background.start(f"inbox writer {number + 1}", self._write_forever)
        self._background.start("inbox deadlines", self._promises.keep)

    async def stop(self) -> None:
        """Writes nothing more: what still waits is refused, so that its sender tries again."""
        await self._background.stop()
        _refuse(self._waiting, "shutting down")
        self._waiting.clear()
        await self._announcer.stop()

    async def store(self, arrival: Arrival) -> None:
        """Returns once the arrival is committed, already held, or older than what we keep.

        Raises Unavailable when it could not be stored, or not in time.
        """
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("more arrives than can be stored")
        done = self._promises.make()
        self._waiting.append((arrival, done))
        self._look()
        await done

    def _look(self) -> None:
        """Is a batch due?"""
        if self._waiting and (not self._under_way or len(self._waiting) >= WORTH_A_BATCH):
            self._due.set()
        else:
            self._due.clear()

    async def _write_forever(self) -> None:
        async with Line() as line:
            while True:
                await self._due.wait()
                batch = self.take()
                self._under_way += 1
                self._look()
                try:
                    if batch:
                        await self._write(line, batch)
                finally:
                    self._under_way -= 1
                    self._look()

    def take(self) -> list[Waiting]:
        """The next batch; who was told to send again meanwhile will."""
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
        return [(arrival, done) for arrival, done in taken if not done.done()]

    async def _write(self, line: "Line", batch: list[Waiting]) -> None:
        """The batch's senders are told: stored, or not."""
        try:
            stored = await line.commit([arrival for arrival, _ in batch])
        except asyncio.CancelledError:
            _refuse(batch, "shutting down")
            raise
        except Exception as error:  # whatever it was: nothing of the batch is answered for, and each sender is told
            log.exception("a batch of %d was not stored", len(batch))
            _refuse(batch, str(error))
            return
        for arrival, done in batch:
            if arrival.account_id in stored.gone:
                refuse(done, "its account is gone")
            elif not done.done():
                done.set_result(None)
        self._announcer.add(stored)


def _refuse(batch: Iterable[Waiting], why: str) -> None:
    for _, done in batch:
        refuse(done, why)


class Line:
    """A writer's own connection, opened when it is needed and opened anew when it broke."""

    def __init__(self) -> None:
        self._connection: psycopg.AsyncConnection | None = None
        self._pipeline = AsyncExitStack()  # held open for as long as the connection lives

    async def __aenter__(self) -> "Line":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._drop()

    async def commit(self, arrivals: Sequence[Arrival]) -> Stored:
        """One batch; a second time on a new connection when the first had broken while nobody looked.

        Raises psycopg.OperationalError and TimeoutError when the database is away. Writing a batch twice is harmless.
        """
        held = self._connection is not None
        try:
            return await self._commit(arrivals)
        except psycopg.OperationalError:
            if not held:
                raise
        return await self._commit(arrivals)

    async def _commit(self, arrivals: Sequence[Arrival]) -> Stored:
        try:
            if self._connection is None:
                async with asyncio.timeout(CONNECT_SECONDS):
                    self._connection = await psycopg.AsyncConnection.connect(database.conninfo())
                    await self._pipeline.enter_async_context(self._connection.pipeline())
            async with asyncio.timeout(COMMIT_SECONDS + len(arrivals) / 100):
                return await _commit(self._connection, arrivals)
        except BaseException:
            await self._drop()  # what state it is in nobody knows
            raise

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            await connection.close()
            with suppress(psycopg.Error):  # it would like to end in good order, and what it led to is gone
                await self._pipeline.aclose()


async def _commit(connection: psycopg.AsyncConnection, arrivals: Sequence[Arrival], *, park: bool = True) -> Stored:
    """One transaction; tried again when another process's locks crossed ours.

    A batch never fails for one event: what PostgreSQL or the fold refuses is found by halving and parked.
    """
    for attempt in range(COMMIT_TRIES):
        try:
            return await _transaction(connection, arrivals)
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            if attempt + 1 == COMMIT_TRIES:
                raise
            log.warning("locks crossed with another process, writing the batch again")
        except (writing.AccountGone, psycopg.errors.ForeignKeyViolation) as error:
            writing.forget()
            log.warning("a batch names an account that may be gone, accounts are read again: %s", error)
            if attempt + 1 == COMMIT_TRIES:
                if not park:
                    raise
                return await _commit_apart(connection, arrivals, error)
        except Exception as error:
            if not park or not is_the_events_own(error):
                raise
            return await _commit_apart(connection, arrivals, error)
    raise AssertionError("unreachable")


def is_the_events_own(error: Exception) -> bool:
    """Whether an event itself is why it can't be taken in, not the database, the network or the machine.

    Whatever folding, pricing or encoding raises for one event concerns that one alone.
    """
    if isinstance(error, psycopg.Error):
        return isinstance(error, _REFUSALS)
    return not isinstance(error, OSError | MemoryError)  # a TimeoutError is an OSError


async def _transaction(connection: psycopg.AsyncConnection, arrivals: Sequence[Arrival]) -> Stored:
    """All of them or none; begun by the first statement, and the commit travels with the last."""
    try:
        stored = await writing.write(connection, arrivals)
        await connection.commit()
    except Exception:
        if connection.closed:
            raise
        with suppress(psycopg.errors.PipelineAborted):  # what was queued behind the failure
            await connection.rollback()
        await connection.rollback()
        raise
    return stored


async def _commit_apart(connection: psycopg.AsyncConnection, arrivals: Sequence[Arrival], error: Exception) -> Stored:
    if len(arrivals) > 1:
        half = len(arrivals) // 2
        stored = await _commit(connection, arrivals[:half])
        stored += await _commit(connection, arrivals[half:])
        return stored
    event = arrivals[0].event
    if event is None:
        raise error
    why = str(error) or type(error).__name__
    log.warning("event %s could not be taken in, it is parked: %s: %s", event.id, type(error).__name__, why)
    return await _commit(connection, [arrivals[0].set_aside(f"could not be taken in: {why}")])
