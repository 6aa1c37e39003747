"""A parked delivery is taken in when today's code can read it; else it stays, and says why."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from events.deliveries import counts, list_deliveries
from events.models import SHOWN_BYTES, Delivery, LifecycleEvent
from events.replay import NotReplayed, Tally, replay, replay_all
from sandboxes.fleet.search import QueryError
from sandboxes.models import Sandbox
from tests.events.factories import delivery

pytestmark = pytest.mark.usefixtures("mailbox")


def recent(word="created", **changes):
    when = datetime.now(UTC) - timedelta(minutes=5)
    return delivery(word) | {"timestamp": when.isoformat()} | changes


def park(account, body, **fields):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    plain = {"state": "parked", "reason": "no type", "received_at": datetime.now(UTC) - timedelta(minutes=4)}
    return Delivery.objects.create(account=account, body=text, **(plain | fields))


async def park_one(account, body, **fields):
    from asgiref.sync import sync_to_async

    return await sync_to_async(park)(account, body, **fields)


async def test_it_works(account):
    body = recent()
    parked = await park_one(account, body)
    event = await replay(parked.pk)
    assert str(event.id) == body["id"]
    kept = await LifecycleEvent.objects.aget()
    assert (kept.source, kept.webhook_at, kept.received_at) == ("webhook", parked.received_at, parked.received_at)
    assert (await Sandbox.objects.aget()).state == "running"
    await parked.arefresh_from_db()
    assert parked.state == "replayed"


async def test_the_same_again_is_refused_and_kept_once(account):
    parked, twin = await park_one(account, recent()), await park_one(account, recent())
    await replay(parked.pk)
    with pytest.raises(NotReplayed, match="replayed"):
        await replay(parked.pk)
    await replay(twin.pk)  # held already: closed all the same
    assert await LifecycleEvent.objects.acount() == 1
    assert await Delivery.objects.filter(state="replayed").acount() == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (recent(sandbox_id=17), "sandbox_id is not text"),
        (b'{"id":"1"} and more', "not one UTF-8 JSON object"),
        (recent(timestamp="2019-01-01T00:00:00Z"), "over 90 days ago"),
    ],
)
async def test_what_is_still_unreadable_stays_and_says_why(account, body, why):
    parked = await park_one(account, body)
    with pytest.raises(NotReplayed, match=why):
        await replay(parked.pk)
    await parked.arefresh_from_db()
    assert parked.state == "parked"
    assert await LifecycleEvent.objects.acount() == 0


async def test_what_the_inbox_refuses_is_not_parked_twice(account, monkeypatch):
    from events import writing

    async def refuses(*_):
        raise ValueError("a number too large")

    parked = await park_one(account, recent())
    monkeypatch.setattr(writing, "write", refuses)
    with pytest.raises(NotReplayed, match="a number too large"):
        await replay(parked.pk)
    kept = await Delivery.objects.aget()
    assert (kept.state, kept.reason) == ("parked", "could not be taken in: a number too large")


@pytest.mark.parametrize(("fields", "why"), [({"state": "refused"}, "it is refused"), ({"source": "observed"}, "list")])
async def test_only_what_was_parked_by_its_shape_is_replayed(account, fields, why):
    parked = await park_one(account, recent(), **fields)
    with pytest.raises(NotReplayed, match=why):
        await replay(parked.pk)
    assert await LifecycleEvent.objects.acount() == 0


async def test_all_are_replayed_and_counted_and_those_that_cannot_be_stay(account):
    for n in range(5):
        await park_one(account, recent(id=f"{n:08d}-0000-4000-8000-000000000000", sandbox_id=f"i{n}"))
    unreadable, old = await park_one(account, b"{}"), await park_one(account, recent(timestamp="2019-01-01T00:00:00Z"))
    await park_one(account, recent(), source="observed")
    await park_one(account, recent(), state="refused")
    tally = await replay_all([account.pk])
    assert (tally.taken, tally.still, tally.left) == (5, 2, 0)
    assert await LifecycleEvent.objects.acount() == 5
    still = Delivery.objects.filter(state="parked").exclude(source="observed").order_by("pk")
    assert [one.pk async for one in still] == [unreadable.pk, old.pk]
    await unreadable.arefresh_from_db()
    assert unreadable.reason == "timestamp is missing or not text"
    assert (await replay_all([account.pk])).taken == 0


async def test_no_more_than_asked_for_are_tried_and_the_rest_from_there_on(account):
    for n in range(5):
        await park_one(account, recent(sandbox_id=17 if n < 2 else f"i{n}", id=f"{n:08d}-0000-4000-8000-000000000000"))
    first = await replay_all([account.pk], at_most=3)
    assert (first.taken, first.still, first.left) == (1, 2, 2)
    assert await replay_all([account.pk], after=first.last) == Tally(2, 0, 0, first.last + 2)


async def test_only_the_accounts_one_sees_are_replayed(account):
    await park_one(account, recent())
    assert await replay_all([]) == Tally(0, 0, 0, 0)
    assert await LifecycleEvent.objects.acount() == 0


async def test_one_that_the_inbox_refuses_does_not_hold_up_the_others(account, monkeypatch):
    from events import writing

    writes, keys = writing.write, [f"{n:08d}-0000-4000-8000-000000000000" for n in range(3)]

    async def refuses_one(connection, arrivals):
        if any(str(one.event.id) == keys[1] for one in arrivals):
            raise ValueError("a number too large")
        return await writes(connection, arrivals)

    parked = [await park_one(account, recent(id=key)) for key in keys]
    monkeypatch.setattr(writing, "write", refuses_one)
    tally = await replay_all([account.pk])
    assert (tally.taken, tally.still) == (2, 1)
    await parked[1].arefresh_from_db()
    assert (parked[1].state, parked[1].reason) == ("parked", "could not be taken in: a number too large")
    assert {str(one.event_id) async for one in LifecycleEvent.objects.all()} == {keys[0], keys[2]}


async def test_two_who_ask_at_once_keep_each_event_once(account):
    for n in range(40):
        await park_one(account, recent(id=f"{n:08d}-0000-4000-8000-000000000000", sandbox_id=f"i{n}"))
    await asyncio.gather(replay_all([account.pk]), replay_all([account.pk]))
    assert await LifecycleEvent.objects.acount() == 40
    assert await Delivery.objects.filter(state="replayed").acount() == 40


async def test_what_the_events_api_told_is_parked_as_it_came_and_is_replayed_as_such(account):
    from events.inbox import store
    from events.sweep import arrival
    from sandboxes.e2b import E2BClient

    raw = {"id": "7f6a1b1e-0000-4000-8000-000000000001", "type": "sandbox.lifecycle.created", "sandboxId": 17}
    async with E2BClient(account.url, None) as client:
        await store([arrival(account, raw, client)])
    parked = await Delivery.objects.aget()
    assert (parked.source, json.loads(bytes(parked.body))) == ("reconcile", raw)
    mended = raw | {"sandboxId": "i1", "timestamp": datetime.now(UTC).isoformat()}
    await Delivery.objects.aupdate(body=json.dumps(mended).encode())
    await replay(parked.pk)
    kept = await LifecycleEvent.objects.aget()
    assert (kept.source, kept.webhook_at) == ("reconcile", None)


def test_pages_are_newest_first_masked_and_cut(account):
    for n in range(3):
        park(account, b'{"x-api-key": "e2b_0123456789abcdef"}', received_at=datetime.now(UTC) - timedelta(minutes=n))
    park(account, b"x" * (SHOWN_BYTES + 5), state="refused", received_at=datetime.now(UTC) - timedelta(hours=1))
    first = list_deliveries([account.pk], limit=3)
    assert [one.state for one in first.items] == ["parked"] * 3
    assert "e2b_" not in first.items[0].text
    (last,) = list_deliveries([account.pk], limit=3, cursor=first.next).items
    assert (last.state, last.size, last.cut, len(last.text)) == ("refused", SHOWN_BYTES + 5, 5, SHOWN_BYTES)
    assert counts([account.pk]) == {"refused": 1, "parked": 3, "replayed": 0}
    assert list_deliveries([account.pk], state="refused").total == 1
    with pytest.raises(QueryError):
        list_deliveries([account.pk], state="eaten")
