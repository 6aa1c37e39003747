"""That a backend asked us to come back later: kept in Redis, so that every worker obeys, and the next tick too."""

from contextlib import nullcontext

from redis.asyncio import Redis

from sandboxes import redis_client

LONGEST_SECONDS = 300.0  # a backend that says more is looked at again anyway


def _key(job: str) -> str:
    return f"sandwarden:hold:{job}"


async def hold(job: str, seconds: float) -> None:
    """Nobody is to start `job` for so long. Raises redis.RedisError when Redis is away."""
    wait_ms = int(min(seconds, LONGEST_SECONDS) * 1000)
    if wait_ms > 0:
        async with redis_client.short() as connection:
            await connection.set(_key(job), 1, px=wait_ms)


async def is_held(job: str, connection: Redis | None = None) -> bool:
    """Whether `job` has to wait still, asked on `connection` where there is one. Raises redis.RedisError."""
    async with nullcontext(connection) if connection else redis_client.short() as redis:
        return bool(await redis.exists(_key(job)))
