"""A turn is one worker's, is kept while it works, and is soon free again when it dies."""

import asyncio

from sandboxes.core import redis_client, turns
from sandboxes.core.turns import turn

KEY = "sandwarden:turn:test-of-turns"
JOB = "test-of-turns"


async def left_ms():
    async with redis_client.short() as redis:
        return await redis.pttl(KEY)


async def shorten():
    async with redis_client.short() as redis:
        await redis.pexpire(KEY, 5_000)


async def until(condition):
    for _ in range(1000):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def test_it_works():
    async with turn(JOB, 300) as first, turn(JOB, 300) as second:
        assert (first, second) == (True, False)
    async with turn(JOB, 300) as again:
        assert again


async def test_a_dead_workers_long_turn_is_free_within_half_a_minute():
    async with turn(JOB, 300) as ours:
        assert ours
        assert 0 < await left_ms() <= turns.RUNS_OUT_SECONDS * 1000


async def test_while_its_worker_lives_it_is_kept(monkeypatch):
    monkeypatch.setattr(turns, "RENEW_SECONDS", 0.01)

    async def renewed():
        return await left_ms() > 20_000

    async with turn(JOB, 300):
        await shorten()
        await until(renewed)


async def test_it_is_not_kept_longer_than_was_asked_for(monkeypatch):
    monkeypatch.setattr(turns, "RENEW_SECONDS", 0.01)

    async def bounded():
        return 0 < await left_ms() <= 100

    task = asyncio.create_task(turns._renewed(KEY, "mine", asyncio.get_running_loop().time() + 0.1))
    async with redis_client.short() as redis:
        await redis.set(KEY, "mine", px=60_000)
        await until(bounded)
        await task
        await redis.delete(KEY)


async def test_a_turn_that_went_to_another_is_left_alone(monkeypatch):
    monkeypatch.setattr(turns, "RENEW_SECONDS", 0.01)
    async with redis_client.short() as redis:
        await redis.set(KEY, "theirs", px=60_000)
        await turns._renewed(KEY, "mine", asyncio.get_running_loop().time() + 1000)
        assert await redis.get(KEY) in (b"theirs", "theirs")
        await redis.delete(KEY)
