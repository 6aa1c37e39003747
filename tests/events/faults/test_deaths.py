"""Whoever dies in the middle of a burst: every 202 is in the record, nothing twice, and the state equals the fold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.events.faults.deliveries import fleet
from tests.events.faults.record import check
from tests.events.faults.sending import Burst
from tests.events.faults.stack import Stack

pytestmark = pytest.mark.xdist_group("faults")
DEADLINE = 90  # seconds after which a burst is held for stuck


@asynccontextmanager
async def _under_way(burst: Burst) -> AsyncIterator[None]:
    """From when a third of the burst is answered; ends when all of it is."""
    async with asyncio.timeout(DEADLINE):
        sending = asyncio.create_task(burst.run())
        await burst.reached(0.3)
        yield
        await sending


async def test_a_web_process_is_killed(stack: Stack) -> None:
    first, second = stack.start_webs(2)
    bodies = fleet("webkill", 400)
    burst = Burst(bodies, [first.port, second.port])
    async with _under_way(burst):
        first.kill()
    assert burst.others, "it died while deliveries were under way"
    check(stack, "webkill", bodies)


async def test_postgresql_is_killed_and_comes_back(stack: Stack) -> None:
    (web,) = stack.start_webs()
    bodies = fleet("pgkill", 400)
    burst = Burst(bodies, [web.port])
    async with _under_way(burst):
        stack.postgres.process.kill()
        stack.postgres.process.wait()
        await burst.refused()
        stack.start_postgres()
    assert set(burst.others) == {"503"}, "away is 503, and the web process lives on"
    check(stack, "pgkill", bodies)


async def test_redis_is_killed_and_no_commit_fails_for_it(stack: Stack) -> None:
    (web,) = stack.start_webs()
    bodies = fleet("rediskill", 300)
    burst = Burst(bodies, [web.port])
    async with _under_way(burst):
        stack.redis.process.kill()
        stack.redis.process.wait()
    stack.start_redis()
    assert not burst.others, "nobody was told to try again"
    check(stack, "rediskill", bodies)
