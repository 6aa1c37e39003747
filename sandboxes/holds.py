"""That a backend asked us to come back later: kept in Redis, so that every worker obeys, and the next tick too."""

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


async def is_held(job: str) -> bool:
    """Whether `job` has to wait still. Raises redis.RedisError when Redis is away."""
    async with redis_client.short() as connection:
        return bool(await connection.exists(_key(job)))
