"""Leases in Redis that give one worker the turn at a job: two never poll the same shard, a dead one's turn runs out."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from redis.asyncio import Redis

from sandboxes import redis_client

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@asynccontextmanager
async def turn(job: str, seconds: float, connection: Redis | None = None) -> AsyncIterator[bool]:
    """Yields whether this worker has the turn at `job`; held for `seconds` at most, given back at the end.

    On `connection` where the caller has one.

    Raises redis.RedisError when Redis is away: without it nobody may assume the turn.
    """
    key, mine = f"sandwarden:turn:{job}", secrets.token_hex(8)
    async with nullcontext(connection) if connection else redis_client.short() as redis:
        held = bool(await redis.set(key, mine, nx=True, px=int(seconds * 1000)))
        try:
            yield held
        finally:
            if held:
                await redis.eval(_RELEASE, 1, key, mine)
