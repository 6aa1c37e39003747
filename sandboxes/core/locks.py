"""Locks in Redis that give a job to one worker at a time: two never poll the same shard, a dead one's lock runs out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Final

from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError, RedisError

from sandboxes.core import redis_client

RUNS_OUT_SECONDS: Final = 30.0  # after the death of the worker that held it
RENEW_SECONDS: Final = 8.0


class LockLost(Exception):
    """The lock ran out while it was held: Redis was away for too long, or lost it. Another worker may have it."""


@asynccontextmanager
async def lock(job: str, seconds: float, connection: Redis | None = None) -> AsyncIterator[bool]:
    """Yields whether this worker holds the lock of `job`; for `seconds` at most, released at the end.

    While it is held it is renewed, so that a killed worker's lock is free again in `RUNS_OUT_SECONDS`. Whoever learns
    that it lost the lock is cancelled, and LockLost raised. On `connection` where the caller has one.

    Raises redis.RedisError when Redis is away: without it nobody may assume the lock.
    """
    name = f"sandwarden:lock:{job}"
    end = asyncio.get_running_loop().time() + seconds
    async with nullcontext(connection) if connection else redis_client.short() as redis:
        held = Lock(redis, name, timeout=min(seconds, RUNS_OUT_SECONDS), blocking=False, thread_local=False)
        if not await held.acquire():
            yield False
            return
        try:
            if seconds > RUNS_OUT_SECONDS:
                async with _renewed(held, end):
                    yield True
            else:
                yield True
        finally:
            with suppress(LockError):  # it has run out by itself
                await held.release()


@asynccontextmanager
async def _renewed(held: Lock, end: float) -> AsyncIterator[None]:
    """Renews it beside the body until `end` (the loop's time); cancels the body and raises LockLost once it is lost."""
    body, lost = asyncio.current_task(), False

    async def renew() -> None:
        nonlocal lost
        lost = await _is_lost(held, end)
        if lost and body is not None:
            body.cancel()

    renewing = asyncio.create_task(renew())
    try:
        yield
    except asyncio.CancelledError:
        if not lost or body is None or body.uncancel():
            raise
    finally:
        renewing.cancel()
    if lost:
        raise LockLost(f"the lock {held.name!r} ran out while it was held")


async def _is_lost(held: Lock, end: float) -> bool:
    """Renews it again and again; True once it has run out, False when `end` has come."""
    loop = asyncio.get_running_loop()
    safe_until = loop.time() + RUNS_OUT_SECONDS
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        asked_at = loop.time()
        if asked_at >= end:
            return False
        try:
            await held.extend(min(end - asked_at, RUNS_OUT_SECONDS), replace_ttl=True)
            safe_until = asked_at + RUNS_OUT_SECONDS
        except LockError:
            return True
        except RedisError:
            if loop.time() >= safe_until:
                return True
