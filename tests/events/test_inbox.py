"""Events are kept once and folded into their sandboxes in the same transaction, whatever else comes in the batch."""

import asyncio
import random
from datetime import timedelta
from decimal import InvalidOperation

import msgspec
import psycopg
import pytest
from asgiref.sync import sync_to_async

from events import database, inbox, limits, writing
from events.fold import Base, fold, view
from events.fold.base import moment
from events.inbox import Inbox
from events.limits import Unavailable
from events.models import Delivery, LifecycleEvent
from events.writing import Arrival, Parked, Stored
from sandboxes.models import Execution, ExecutionEnd, Sandbox, SandboxLock
from tests.events.factories import at, real, seen

pytestmark = pytest.mark.usefixtures("mailbox")


def arrivals(account, *events, source="webhook"):
    return [Arrival(account.pk, "observed" if e.execution_id is None else source, at(500), e) for e in events]


async def stored(account, *events, source="webhook"):
    return await inbox.store(arrivals(account, *events, source=source))


@sync_to_async
def the_sandbox(name="i1"):
    return Sandbox.objects.select_related("lock").get(sandbox_id=name)


async def test_it_works(account):
    result = await stored(
        account,
        real("created", 0, sandbox_metadata={"owner": "u_1", "env": "prod"}),
        real("killed", 3600, kill_reason="timeout", execution={"vcpu_count": 2, "memory_mb": 512}),
    )
    assert (result.new, result.held) == (2, 0)
    sandbox = await the_sandbox()
    assert (sandbox.state, sandbox.end_reason, sandbox.owner, sandbox.environment) == (
        "ended",
        "timeout",
        "u_1",
        "prod",
    )
    assert float(sandbox.closed_cost_usd) == pytest.approx(3600 * (2 * 0.000014 + 0.5 * 0.0000045))
    assert sandbox.lock.sandbox_id == sandbox.sandbox_id
    run = await Execution.objects.aget(sandbox=sandbox)
    assert (run.execution_id, run.ended_by, run.ended_at) == ("x1", "killed", at(3600))


async def test_the_same_event_twice_is_kept_once(account):
    event = real("created", 0)
    await stored(account, event, event)
    result = await stored(account, event, source="reconcile")
    assert (result.new, result.held) == (0, 1)
    kept = await LifecycleEvent.objects.aget()
    assert (kept.source, kept.webhook_at, kept.reconcile_at) == ("webhook", at(500), at(500))


async def test_moves_of_the_end_are_kept(account):
    await stored(account, real("created", 0), real("updated", 5, set_timeout=at(300).isoformat()))
    assert (await the_sandbox()).end_at == at(300)
    assert await ExecutionEnd.objects.filter(at=at(5), end_at=at(300)).aexists()


async def test_an_observed_run_becomes_the_real_one(account):
    await stored(account, seen("created", 5, started=1, cpu_count=2, memory_mb=1024))
    await stored(account, real("created", 0))
    assert [run.key async for run in Execution.objects.all()] == ["x1"]
    observed = await LifecycleEvent.objects.aget(source="observed")
    assert observed.superseded
    sandbox = await the_sandbox()
    assert (sandbox.cpu_count, sandbox.memory_mb) == (2, 1024)
    assert float(sandbox.burn_usd_per_hour) == pytest.approx(3600 * (2 * 0.000014 + 0.0000045), abs=1e-6)


async def test_an_observed_event_that_comes_after_the_real_one_steps_back_at_once(account):
    await stored(account, real("created", 0), real("killed", 9, kill_reason="admin"))
    await stored(account, seen("killed", 30, started=0))
    assert (await LifecycleEvent.objects.aget(source="observed")).superseded
    assert (await the_sandbox()).end_reason == "admin"


async def test_a_bad_event_never_takes_its_batch_down(account):
    poison = real("created", 1, sandbox="i2", sandbox_metadata={"a": "b\x00c"})  # no jsonb can hold it
    good = [real("created", n, sandbox=f"good{n}") for n in range(5)]
    result = await stored(account, *good[:3], poison, *good[3:])
    assert (result.new, result.parked) == (5, 1)
    parked = await Delivery.objects.aget(state="parked")
    assert parked.event_id == str(poison.id)
    assert "could not be taken in" in parked.reason


@pytest.mark.parametrize(
    "error", [InvalidOperation("no cost"), KeyError("size"), RecursionError(), AttributeError("None"), AssertionError()]
)
@pytest.mark.parametrize("step", ["fold", "sandbox_row", "run_row"])
async def test_whatever_one_event_raises_parks_that_event(account, monkeypatch, error, step):
    whole = getattr(writing.batch, step)
    poison = real("created", 1, sandbox="poison", sandbox_metadata={"owner": "poison"})

    def failing(*given):
        texts = [getattr(one, "sandbox_id", "") for one in given] + [str(getattr(one, "facts", "")) for one in given]
        if any("poison" in text for text in texts) or (step == "run_row" and given[0].key == "x9"):
            raise error
        return whole(*given)

    poison = msgspec.structs.replace(poison, execution_id="x9")
    monkeypatch.setattr(writing.batch, step, failing)
    good = [real("created", n, sandbox=f"good{n}") for n in range(6)]
    result = await stored(account, *good[:3], poison, *good[3:])

    assert (result.new, result.parked) == (6, 1)
    assert {one.sandbox_id async for one in Sandbox.objects.all()} == {f"good{n}" for n in range(6)}
    assert await LifecycleEvent.objects.acount() == 6
    assert (await Delivery.objects.aget()).event_id == str(poison.id)


@pytest.mark.parametrize(
    "error", [psycopg.errors.DiskFull(), psycopg.errors.UndefinedTable(), TimeoutError(), OSError()]
)
async def test_failure_of_the_database_parks_no_event(account, monkeypatch, error):
    def failing(*_):
        raise error

    monkeypatch.setattr(writing.batch, "sandbox_row", failing)
    with pytest.raises(type(error)):
        await stored(account, real("created", 0), real("created", 0, sandbox="i2"))

    assert not await Delivery.objects.aexists()
    assert not await LifecycleEvent.objects.aexists()


async def test_absurd_figures_of_an_event_cost_only_themselves(account):
    run = {"started_at": "0001-01-01T00:00:00Z", "vcpu_count": 10**300, "memory_mb": 2**70, "execution_time": 10**80}
    result = await stored(account, real("created", 0), real("killed", 60, kill_reason="timeout", execution=run))
    sandbox = await the_sandbox()

    assert (result.new, result.parked) == (2, 0)
    assert (sandbox.started_at, sandbox.cpu_count, sandbox.closed_cost_usd) == (at(0), None, 0)


async def test_a_parked_delivery_is_closed_when_its_event_arrives_readable(account):
    event = real("created", 0)
    parked = Parked("no sandbox_id", str(event.id), {"host": "x"}, b"\x00\xff")
    await inbox.store([Arrival(account.pk, "webhook", at(1), parked=parked)])
    assert bytes((await Delivery.objects.aget(state="parked")).body) == b"\x00\xff"
    await stored(account, event)
    assert (await Delivery.objects.aget()).state == "replayed"


async def test_one_guard_for_one_sandbox_of_two_accounts_at_a_backend(account):
    other = await type(account).objects.acreate(name="second", url=account.url)
    from events.writing import context

    context.forget()
    await stored(account, real("created", 0))
    await inbox.store([Arrival(other.pk, "webhook", at(1), real("created", 0))])
    assert await SandboxLock.objects.acount() == 1
    assert await Sandbox.objects.acount() == 2


def expected(events):
    base = Base()
    for event in events:
        fold(base, event)
    return view(base)


async def test_many_writers_at_once_lose_nothing_and_never_cross(account):
    """The same events from several senders in different orders, in small batches: the state equals the fold."""
    words = ["created", "updated", "paused", "resumed", "killed"]
    events = [
        real(word, n * 10 + step, f"x{step // 3}", f"i{n}", kill_reason="timeout")
        for n in range(20)
        for step, word in enumerate(words)
    ]
    rng = random.Random(4)

    async def sender():
        mine = rng.sample(events, len(events))
        for first in range(0, len(mine), 7):
            await stored(account, *mine[first : first + 7])

    await asyncio.gather(*(sender() for _ in range(4)))
    assert await LifecycleEvent.objects.acount() == len(events)
    assert await Delivery.objects.acount() == 0
    for n in range(20):
        want = expected([e for e in events if e.sandbox_id == f"i{n}"])
        sandbox = await the_sandbox(f"i{n}")
        assert (sandbox.state, sandbox.ended_at) == (want.state, moment(want.ended_at))
        assert [run.key async for run in sandbox.executions.order_by("started_at")] == [r.key for r in want.runs]


async def test_the_inbox_gathers_what_arrives_into_few_transactions(account):
    box = Inbox()
    await box.start()
    try:
        events = [real("created", n, f"x{n}", f"i{n}") for n in range(200)]
        await asyncio.gather(*(box.store(a) for a in arrivals(account, *events)))
    finally:
        await box.stop()
    assert await LifecycleEvent.objects.acount() == 200
    assert await Sandbox.objects.acount() == 200


async def test_the_inbox_refuses_when_the_database_is_away(account, monkeypatch):
    monkeypatch.setattr(database, "conninfo", lambda: "host=127.0.0.1 port=9 connect_timeout=1 dbname=x")
    box = Inbox()
    await box.start()
    try:
        with pytest.raises(Unavailable):
            await asyncio.wait_for(box.store(arrivals(account, real("created", 0))[0]), 5)
    finally:
        await box.stop()
    assert await LifecycleEvent.objects.acount() == 0


async def test_a_sender_is_answered_while_the_database_hangs_and_what_comes_again_is_kept_once(account, monkeypatch):
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.05)
    first, second = arrivals(account, real("created", 0, "x1", "i1"), real("created", 1, "x2", "i2"))
    box = Inbox()
    await box.start()
    try:
        async with await psycopg.AsyncConnection.connect(database.conninfo()) as other:
            await other.execute("LOCK events_lifecycleevent")
            with pytest.raises(Unavailable):  # under way when the answer was due
                await box.store(first)
            with pytest.raises(Unavailable):  # waited behind it
                await box.store(second)
        monkeypatch.setattr(limits, "ANSWER_SECONDS", 60)
        for arrival in (first, second):
            await box.store(arrival)
    finally:
        await box.stop()
    assert await LifecycleEvent.objects.acount() == 2


async def test_a_batch_begins_beside_another_only_when_enough_waits(account, monkeypatch):
    begun: asyncio.Queue[int] = asyncio.Queue()

    async def commit(_line, batch):
        begun.put_nowait(len(batch))
        await going.wait()
        return Stored()

    monkeypatch.setattr(inbox.Line, "commit", commit)
    going, box = asyncio.Event(), Inbox()
    await box.start()
    try:
        events = arrivals(account, *(real("created", n, f"x{n}", f"i{n}") for n in range(2 + inbox.WORTH_A_BATCH)))
        senders = [asyncio.create_task(box.store(events[0]))]
        assert await begun.get() == 1
        senders += [asyncio.create_task(box.store(one)) for one in events[1:-1]]
        assert await begun.get() == inbox.WORTH_A_BATCH
        senders.append(asyncio.create_task(box.store(events[-1])))
        going.set()
        await asyncio.gather(*senders)
    finally:
        await box.stop()
    assert begun.get_nowait() == 1
    assert begun.empty()


async def test_a_failure_to_publish_never_fails_a_commit(account, settings):
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert (await stored(account, real("created", 0))).new == 1


async def test_times_of_arrival_are_kept(account):
    await inbox.store([Arrival(account.pk, "webhook", at(7), real("created", 0))])
    await account.health.arefresh_from_db()
    assert account.health.webhook_last_at == at(7)
    assert (await LifecycleEvent.objects.aget()).received_at - at(7) == timedelta(0)
