"""Each background job of the web process survives whatever it raises: hub, announcer, refusals, inbox."""

import asyncio
from datetime import UTC, datetime
from importlib import import_module

import msgspec
import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from dashboard.live.fleet import LiveFleet
from dashboard.live.hub import Hub
from events import announcing, inbox, limits, refusals
from events.announcing import Announcer
from events.inbox import Inbox
from events.limits import Promises, Unavailable
from events.models import Delivery
from events.refusals import Refusals
from events.writing import Arrival, Stored
from sandboxes.core import background, live, redis_client
from tests.support import records
from tests.support.background_tasks import SECONDS, Once, happened, of, until

hubs = import_module("dashboard.live.hub")  # the package's own `hub` is the instance


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)


@pytest.fixture
async def hub(monkeypatch, mailbox):
    """A hub whose snapshot needs no database."""
    monkeypatch.setattr(hubs.snapshot, "read", LiveFleet)
    it = Hub()
    yield it
    await it.stop()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("task", "target", "name"),
    [
        ("live snapshot", lambda hub: hubs.snapshot, "read"),
        ("live messages", lambda hub: hubs, "get_channel_layer"),
        ("live gaps", lambda hub: hub._sequence, "lost"),
    ],
)
async def test_tasks_of_the_hub_survive(hub, monkeypatch, task, target, name):
    broken = Once(getattr(target(hub), name))
    monkeypatch.setattr(hubs, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(target(hub), name, broken)
    await hub.start()
    await until(lambda: broken.calls >= 2)
    assert of(task).restarts == 1
    assert of(task).running


async def test_message_of_another_version_during_a_snapshot_does_not_end_it(monkeypatch):
    hub, reads = Hub(), []

    def read():
        reads.append(True)
        if len(reads) == 1:
            body = msgspec.msgpack.encode({"sandboxes": [{"key": 1}], "events": []})
            message = {"format": 1, "epoch": "e", "number": 1, "kind": "change", "account": 1, "body": body}
            hub._take_or_look_anew(message)
        return LiveFleet()

    monkeypatch.setattr(hubs, "database_sync_to_async", sync_to_async)
    monkeypatch.setattr(hubs.snapshot, "read", read)
    keeping = asyncio.create_task(hub._keep_fresh())
    hub._reload.set()
    await until(lambda: len(reads) == 2 or keeping.done())
    assert not keeping.done()
    keeping.cancel()


async def test_message_that_is_no_message_pack_is_told(caplog):
    hub = Hub()
    hub._take_or_look_anew({"format": 1, "epoch": "e", "number": 1, "kind": "change", "account": 1, "body": b"\xc1"})
    assert hub._reload.is_set()
    assert "could not be read" in caplog.text


class Heard(live.Publisher):
    """A publisher that notes what it is given."""

    def __init__(self):
        self.messages = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    async def publish(self, kind, account, body):
        if body == "bad":
            raise ZeroDivisionError
        self.messages.append((account, body))
        return True


class Changes(Stored):
    """What was stored, for two accounts."""

    def changes(self):
        return {1: "bad", 2: "good"}


async def test_announcer_tells_the_other_accounts():
    heard = Heard()
    await announcing.announce(heard, Changes())
    assert heard.messages == [(2, "good")]


async def test_announcer_survives(monkeypatch):
    broken = Once()

    async def publish(*_):
        broken()

    monkeypatch.setattr(announcing, "announce", publish)
    announcer = Announcer()
    announcer.start()
    announcer._wake.set()
    await until(lambda: broken.calls == 1)
    announcer._wake.set()
    await happened(broken.again)
    assert of("announcer").restarts == 1
    await announcer.stop()
    assert background.states() == []


async def test_integer_of_more_than_64_bits_costs_its_entry_alone(monkeypatch):
    sent = []

    class Layer:
        async def group_send(self, group, message):
            sent.append(msgspec.msgpack.decode(message["body"]))

    class Counter:
        async def eval(self, *_):
            return b"1", 1

        async def aclose(self):
            return None

    monkeypatch.setattr(redis_client, "short", lambda *_: Counter())
    monkeypatch.setattr(live, "get_channel_layer", Layer)
    body = {"sandboxes": [{"key": 1}, {"key": 2}], "events": [{"id": 1, "data": {"n": 2**70}}, {"id": 2}]}
    assert await live.apublish("change", 1, body)
    assert sent == [{"sandboxes": [{"key": 1}, {"key": 2}], "events": [{"id": 2}]}]
    assert not await live.apublish("frame", 1, {"at": 1.0, "keys": [1, 2**70]}), "columns are never thinned"
    assert len(sent) == 1


@pytest.mark.django_db(transaction=True)
async def test_refusal_that_cannot_be_written_holds_back_no_other():
    account = await sync_to_async(records.account)()
    waiting, now = Refusals(), datetime.now(UTC)
    for key in (account.pk + 999, account.pk, account.pk):
        waiting.note(key, "no", now, {}, b"x")
    await waiting.flush()
    assert await Delivery.objects.acount() == 2
    assert not waiting._waiting


async def test_refusals_wait_while_the_database_is_away(monkeypatch):
    def away(*_):
        raise OperationalError("no connection")

    monkeypatch.setattr(Delivery.objects, "bulk_create", away)
    monkeypatch.setattr(refusals, "cut_metadata", lambda _: None)  # it reads accounts
    monkeypatch.setattr(refusals, "close_old_connections", lambda: None)
    waiting = Refusals()
    for number in range(3):
        waiting.note(1, f"r{number}", datetime.now(UTC), {}, b"x")
    await waiting.flush()
    assert [one.reason for one in waiting._waiting] == ["r0", "r1", "r2"]


async def test_refusals_survive(monkeypatch):
    broken = Once(lambda _: [])
    monkeypatch.setattr(refusals, "write", broken)
    waiting = Refusals()
    waiting.start()
    waiting.note(1, "no", datetime.now(UTC), {}, b"x")
    await until(lambda: broken.calls == 1)
    await until(lambda: of("refused deliveries").restarts == 1)
    waiting.note(1, "no", datetime.now(UTC), {}, b"x")
    await happened(broken.again)
    await waiting.stop()


async def test_inbox_writers_survive(monkeypatch, mailbox):
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.2)
    one = Inbox()
    take = Once(one.take)
    monkeypatch.setattr(one, "take", take)

    async def committed(*_):
        return Stored()

    monkeypatch.setattr(inbox.Line, "commit", committed)
    await one.start()
    with pytest.raises(Unavailable):
        await one._promises.make()  # a batch that is lost is refused in time
    async with asyncio.timeout(SECONDS):
        await one.store(Arrival(1, "webhook", datetime.now(UTC)))
    await until(lambda: take.calls >= 2)
    assert sum(state.restarts for state in background.states()) == 1
    await one.stop()


async def test_inbox_deadlines_survive(monkeypatch):
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.2)
    keep, one = Promises.keep, Inbox()
    broken = Once()

    async def kept(self):
        broken()
        await keep(self)

    monkeypatch.setattr(Promises, "keep", kept)
    await one.start()
    with pytest.raises(Unavailable):
        await one._promises.make()
    assert of("inbox deadlines").restarts == 1
    await one.stop()
