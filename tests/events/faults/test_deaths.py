"""Whoever dies in the middle of a burst: every 202 is in the record, nothing twice, and the state equals the fold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.events.faults.deliveries import fleet
from tests.events.faults.house import House
from tests.events.faults.record import check
from tests.events.faults.sending import Burst

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


async def test_a_web_process_is_killed(house: House) -> None:
    first, second = house.start_webs(2)
    bodies = fleet("webkill", 400)
    burst = Burst(bodies, [first.port, second.port])
    async with _under_way(burst):
        first.kill()
    assert burst.others, "it died while deliveries were under way"
    check(house, "webkill", bodies)


async def test_postgresql_is_killed_and_comes_back(house: House) -> None:
    (web,) = house.start_webs()
    bodies = fleet("pgkill", 400)
    burst = Burst(bodies, [web.port])
    async with _under_way(burst):
        house.postgres.process.kill()
        house.postgres.process.wait()
        await burst.refused()
        house.start_postgres()
    assert set(burst.others) == {"503"}, "away is 503, and the web process lives on"
    check(house, "pgkill", bodies)


async def test_redis_is_killed_and_no_commit_fails_for_it(house: House) -> None:
    (web,) = house.start_webs()
    bodies = fleet("rediskill", 300)
    burst = Burst(bodies, [web.port])
    async with _under_way(burst):
        house.redis.process.kill()
        house.redis.process.wait()
    house.start_redis()
    assert not burst.others, "nobody was told to try again"
    check(house, "rediskill", bodies)
