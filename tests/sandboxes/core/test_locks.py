"""A lock is one worker's, is kept while it works, is soon free again when it dies, and its loss is noticed."""

import asyncio

import pytest
from redis.asyncio.lock import Lock

from sandboxes.core import locks, redis_client
from sandboxes.core.locks import LockLost, lock

KEY = "sandwarden:lock:test-of-locks"
JOB = "test-of-locks"


@pytest.fixture(autouse=True)
def quick_renewals(monkeypatch):
    monkeypatch.setattr(locks, "RENEW_SECONDS", 0.01)


async def left_ms():
    async with redis_client.short() as redis:
        return await redis.pttl(KEY)


async def until(condition):
    for _ in range(1000):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def test_lock_is_held_by_one_at_a_time():
    async with lock(JOB, 300) as first, lock(JOB, 300) as second:
        assert (first, second) == (True, False)
    async with lock(JOB, 300) as again:
        assert again


async def test_long_lock_of_a_dead_worker_is_free_within_half_a_minute():
    async with lock(JOB, 300) as ours:
        assert ours
        assert 0 < await left_ms() <= locks.RUNS_OUT_SECONDS * 1000


async def test_lock_is_kept_while_its_worker_lives():
    async def renewed():
        return await left_ms() > 20_000

    async with lock(JOB, 300):
        async with redis_client.short() as redis:
            await redis.pexpire(KEY, 5_000)
        await until(renewed)


async def test_lock_is_not_kept_longer_than_was_asked_for():
    async def bounded():
        return 0 < await left_ms() <= 100

    async with redis_client.short() as redis:
        held = Lock(redis, KEY, timeout=60, thread_local=False)
        assert await held.acquire()
        renewing = asyncio.create_task(locks._is_lost(held, asyncio.get_running_loop().time() + 0.1))
        await until(bounded)
        assert await renewing is False
        await redis.delete(KEY)


@pytest.mark.parametrize("whose", ["another worker's", "nobody's"])
async def test_holder_learns_that_it_lost_the_lock(whose):
    async with redis_client.short() as redis:

        async def lose():
            async with lock(JOB, 300):
                await (redis.delete(KEY) if whose == "nobody's" else redis.set(KEY, "theirs", px=60_000))
                await asyncio.Event().wait()

        with pytest.raises(LockLost, match="ran out while it was held"):
            await lose()
        assert await redis.get(KEY) == (b"theirs" if whose == "another worker's" else None)
        await redis.delete(KEY)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_cancelled_holder_is_cancelled_and_no_lock_is_lost():
    async def holds(begun):
        async with lock(JOB, 300):
            begun.set()
            await asyncio.Event().wait()

    begun = asyncio.Event()
    task = asyncio.create_task(holds(begun))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left_ms() == -2
