"""Leases in Redis that give one worker the turn at a job: two never poll the same shard, a dead one's turn runs out."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sandboxes.core import redis_client

_RELEASE: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
_RENEW: Final = (
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
)
RUNS_OUT_SECONDS: Final = 30.0  # after the death of the worker that had it
RENEW_SECONDS: Final = 8.0
log = logging.getLogger(__name__)


@asynccontextmanager
async def turn(job: str, seconds: float, connection: Redis | None = None) -> AsyncIterator[bool]:
    """Yields whether this worker has the turn at `job`; held for `seconds` at most, given back at the end.

    While it is held it is renewed, so that a killed worker's turn is free again in `RUNS_OUT_SECONDS`. On `connection`
    where the caller has one.

    Raises redis.RedisError when Redis is away: without it nobody may assume the turn.
    """
    key, mine = f"sandwarden:turn:{job}", secrets.token_hex(8)
    end = asyncio.get_running_loop().time() + seconds
    async with nullcontext(connection) if connection else redis_client.short() as redis:
        held = bool(await redis.set(key, mine, nx=True, px=_milliseconds(seconds)))
        renewing = asyncio.create_task(_renewed(key, mine, end)) if held and seconds > RUNS_OUT_SECONDS else None
        try:
            yield held
        finally:
            if renewing is not None:
                renewing.cancel()
            if held:
                await redis.eval(_RELEASE, 1, key, mine)


async def _renewed(key: str, mine: str, end: float) -> None:
    """Keeps the turn until `end` (the loop's time) or until it is somebody else's."""
    ours = True
    while ours:
        await asyncio.sleep(RENEW_SECONDS)
        left = end - asyncio.get_running_loop().time()
        if left <= 0:
            return
        try:
            async with redis_client.short() as redis:
                ours = bool(await redis.eval(_RENEW, 1, key, mine, _milliseconds(left)))
        except RedisError as error:
            log.info("the turn %s could not be renewed now: %s", key, error)


def _milliseconds(left: float) -> int:
    return max(1, int(min(left, RUNS_OUT_SECONDS) * 1000))
