"""A full disk, two senders of the same, and clients that hold their bodies open."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import psycopg
import pytest

from tests.events.faults.deliveries import fleet, one
from tests.events.faults.record import check
from tests.events.faults.sending import Burst, answer, request
from tests.events.faults.stack import Stack

pytestmark = pytest.mark.xdist_group("faults")
DEADLINE = 90  # seconds after which a burst is held for stuck
SLOW_CLIENTS = 40
# Where no small disk can be mounted, PostgreSQL itself says what it says on a full one.
SAYS_IT_IS_FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON events_lifecycleevent EXECUTE FUNCTION full_disk()"""


def _quietly(stack: Stack, statement: str) -> None:
    stack.ask(statement)


@contextmanager
def small_disk(stack: Stack) -> Iterator[tuple[Callable[[], None], Callable[[], object]]]:
    """The events lie on a disk of a few megabytes; gives what fills it to the last page, and what makes room again."""
    if not stack.small_disk:
        yield partial(_quietly, stack, SAYS_IT_IS_FULL), lambda: stack.ask("DROP FUNCTION full_disk CASCADE")
        return
    stack.ask("TRUNCATE events_lifecycleevent")
    stack.ask(f"CREATE TABLESPACE small LOCATION '{stack.home / 'small'}'")
    stack.ask("ALTER TABLE events_lifecycleevent SET TABLESPACE small")
    stack.ask("CREATE TABLE ballast (weight text STORAGE EXTERNAL) TABLESPACE small")

    def fill() -> None:
        for size in (100_000, 1_000):
            with suppress(psycopg.errors.DiskFull):
                while True:
                    stack.ask("INSERT INTO ballast VALUES (repeat('x', %s))", size)

    yield fill, lambda: stack.ask("DROP TABLE ballast")
    stack.ask("ALTER TABLE events_lifecycleevent SET TABLESPACE pg_default")
    stack.ask("DROP TABLESPACE small")


async def test_the_disk_is_full_for_a_while(stack: Stack) -> None:
    (web,) = stack.start_webs()
    bodies = fleet("diskfull", 400)
    burst = Burst(bodies, [web.port])
    with small_disk(stack) as (fill, make_room):
        async with asyncio.timeout(DEADLINE):
            sending = asyncio.create_task(burst.run())
            await burst.reached(0.2)
            await asyncio.to_thread(fill)
            await burst.refused()
            make_room()
            await sending
        assert set(burst.others) == {"503"}
        check(stack, "diskfull", bodies)


@pytest.mark.full(reason="ten thousand deliveries")
async def test_two_senders_of_the_same_ten_thousand_in_different_orders(stack: Stack) -> None:
    first, second = stack.start_webs(2)
    bodies = fleet("twice", 2_000)
    orders = [random.Random(seed).sample(bodies, len(bodies)) for seed in (1, 2)]
    bursts = [Burst(order, [web.port]) for order, web in zip(orders, (first, second), strict=True)]
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(*(burst.run() for burst in bursts))
    assert not bursts[0].others + bursts[1].others, "one waits for the other, nobody is told to try again"
    check(stack, "twice", bodies)


async def test_clients_that_hold_their_bodies_open_stop_nobody_and_are_cut_off(stack: Stack) -> None:
    (web,) = stack.start_webs()
    held = request(one("slow"))[:-1]  # all but its last byte
    lines = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(SLOW_CLIENTS)]
    for _, writer in lines:
        writer.write(held)
        await writer.drain()
    bodies = fleet("patient", 60)
    async with asyncio.timeout(DEADLINE):
        burst = Burst(bodies, [web.port])
        await burst.run()
        assert not burst.others
        assert {await answer(reader) for reader, _ in lines} == {408}
        assert [await reader.read() for reader, _ in lines] == [b""] * SLOW_CLIENTS, "and the line is closed"
    for _, writer in lines:
        writer.close()
    check(stack, "patient", bodies)
    check(stack, "slow", [])
