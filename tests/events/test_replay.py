"""A parked delivery is taken in when today's code can read it; else it stays, and says why."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from events.deliveries import SHOWN_BYTES, counts, list_deliveries
from events.models import Delivery, LifecycleEvent
from events.replay import NotReplayed, replay
from sandboxes.models import Sandbox
from sandboxes.search import QueryError
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


async def test_what_the_events_api_told_is_parked_as_it_came_and_is_replayed_as_such(account):
    from events.inbox import store
    from events.reconcile import _arrival

    raw = {"id": "7f6a1b1e-0000-4000-8000-000000000001", "type": "sandbox.lifecycle.created", "sandboxId": 17}
    await store([_arrival(account, raw)])
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
