"""Of an account with `store_metadata_keys`, no other metadata is stored, whichever way it comes."""

import json
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from events import inbox, metadata_keys
from events.models import Delivery, LifecycleEvent
from events.observe import sync
from events.parked import not_parked_yet
from events.reconcile import reconcile
from events.signature import sign
from events.writing import Arrival, Parked, batch, context
from sandboxes.models import Sandbox
from tests.events.factories import recent

pytestmark = pytest.mark.usefixtures("mailbox")
METADATA = {"owner": "u_1", "email": "planted-mail", "note": "planted-note"}


@pytest.fixture
def chosen(account):
    """The account stores the owner alone."""
    account.store_metadata_keys = ["owner"]
    account.save()
    context.forget()
    return account


def stored():
    """All that the database holds in the tables of events and sandboxes, as text."""
    tables = ("sandboxes_sandbox", "events_lifecycleevent", "events_delivery")
    with connection.cursor() as cursor:
        found = []
        for table in tables:
            body = ", encode(body, 'escape')" if table == "events_delivery" else ""
            cursor.execute(f"SELECT to_jsonb(t)::text{body} FROM {table} t")
            found += [" ".join(row) for row in cursor.fetchall()]
    return "\n".join(found)


async def astored():
    return await sync_to_async(stored)()


async def test_webhook_keeps_listed_keys_alone(chosen, post):
    body = recent(event_data={"sandbox_metadata": METADATA, "set_timeout": None})
    assert (await post(body)).status_code == 202
    sandbox, event = await Sandbox.objects.aget(), await LifecycleEvent.objects.aget()
    assert (sandbox.metadata, sandbox.owner) == ({"owner": "u_1"}, "u_1")
    assert event.data == {"sandbox_metadata": {"owner": "u_1"}, "set_timeout": None}
    assert event.raw == body | {"event_data": event.data}
    assert "planted" not in await astored()


async def test_webhook_keeps_all_metadata_by_default(account, post):
    assert (await post(recent(event_data={"sandbox_metadata": METADATA}))).status_code == 202
    assert (await Sandbox.objects.aget()).metadata == METADATA


async def test_parked_delivery_keeps_listed_keys_alone(chosen, post):
    body = recent(event_data={"sandbox_metadata": METADATA}) | {"timestamp": "yesterday"}
    assert (await post(body)).status_code == 202
    parked = await Delivery.objects.aget(state="parked")
    assert json.loads(bytes(parked.body))["event_data"] == {"sandbox_metadata": {"owner": "u_1"}}
    assert (await post(recent(event_data="planted-text"))).status_code == 202
    assert "planted" not in await astored()


@pytest.mark.parametrize("tail", [b"", b"{", b" " * 5000], ids=["whole", "broken", "cut"])
async def test_refused_delivery_keeps_listed_keys_alone(chosen, post, tail):
    body = json.dumps({"sandbox_metadata": METADATA}).encode() + tail
    assert (await post(body, secret="wrong")).status_code == 401
    await post.receiver.refusals.flush()
    assert await Delivery.objects.filter(state="refused").acount() == 1
    assert "planted" not in await astored()


async def test_sync_and_reconcile_keep_listed_keys_alone(watched, api):
    watched.store_metadata_keys = ["owner"]
    await watched.asave()
    context.forget()
    made = api.post("/sandboxes", json={"templateID": "base", "timeout": 600, "metadata": METADATA})
    assert made.status_code == 201
    assert await sync(watched) == 1
    assert await sync(watched) == 0  # what is not stored is no difference
    assert await reconcile(watched) >= 1
    assert (await Sandbox.objects.aget()).metadata == {"owner": "u_1"}
    assert "planted" not in await astored()


async def test_signature_is_of_the_body_as_it_came(chosen, post):
    raw = json.dumps(recent(event_data={"sandbox_metadata": METADATA})).encode()
    cut = metadata_keys.cut_body(raw, ["owner"])
    assert (await post(cut, secret=None, **{"e2b-signature": sign("s3cret", raw)})).status_code == 401
    assert (await post(raw)).status_code == 202


def test_cut_finds_metadata_at_any_depth():
    found = metadata_keys.cut({"a": [{"metadata": {"x": 1, "y": 2}}], "sandboxMetadata": "text"}, ["x"])
    assert found == {"a": [{"metadata": {"x": 1}}], "sandboxMetadata": {}}


async def test_unreadable_event_is_parked_once_however_often_it_is_read(chosen):
    body = json.dumps({"id": "e1", "sandbox_metadata": METADATA}).encode()
    arrival = Arrival(chosen.pk, "reconcile", datetime.now(UTC), parked=Parked("no timestamp", "e1", {}, body))
    for _ in range(2):
        await inbox.store(await not_parked_yet(chosen, [arrival]))
    assert [bytes(one.body) async for one in Delivery.objects.all()] == [
        b'{"id":"e1","sandbox_metadata":{"owner":"u_1"}}'
    ]


async def test_event_that_cannot_be_taken_in_is_parked_with_listed_keys_alone(chosen, post, monkeypatch):
    def broken(*_):
        raise ValueError("no such fold")

    monkeypatch.setattr(batch, "fold", broken)
    assert (await post(recent(event_data={"sandbox_metadata": METADATA}))).status_code == 202
    parked = await Delivery.objects.aget(state="parked")
    assert json.loads(bytes(parked.body))["event_data"] == {"sandbox_metadata": {"owner": "u_1"}}
