"""Missed is what no delivery brought in time though webhooks came: SQL and the written rule say the same."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import uuid4

import pytest

from events.missed import is_missed, missed_by_webhook
from events.models import Delivery, LifecycleEvent
from sandboxes.models import AccountHealth
from tests.events.test_observe import create
from tests.support import records
from tests.support.records import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def hooked(db):
    made = records.account()
    AccountHealth.objects.create(account=made, webhook_since=NOW - timedelta(hours=3), webhook_last_at=NOW)
    return made


def event(account, minutes=10.0, kind="killed", **fields):
    """One that reconcile read `minutes` ago, unless told otherwise."""
    when = NOW - timedelta(minutes=minutes)
    plain = {"timestamp": when, "received_at": when, "source": "reconcile", "reconcile_at": when}
    return records.event("i1", kind, of=account, **(plain | fields))


def missed(account):
    return missed_by_webhook([account.pk], NOW).get(account.pk)


def test_it_works(hooked):
    event(hooked)
    event(hooked, source="webhook", webhook_at=NOW)
    assert missed(hooked) == 1


def test_what_a_webhook_brought_soon_after_was_not_missed(hooked):
    seen_at = NOW - timedelta(minutes=10)
    event(hooked, webhook_at=seen_at + timedelta(seconds=59))
    assert missed(hooked) == 0
    event(hooked, webhook_at=seen_at + timedelta(seconds=90))
    assert missed(hooked) == 1


def test_what_may_still_come_is_not_missed_yet(hooked):
    event(hooked, minutes=0.5)
    assert missed(hooked) == 0


def test_what_nobody_was_to_send_is_not_missed(hooked):
    event(hooked, minutes=4 * 60)  # before the first delivery
    event(hooked, source="observed")
    event(hooked, kind="invented")
    assert missed(hooked) == 0


def test_an_account_without_webhooks_has_no_figure():
    other = records.account("other")
    AccountHealth.objects.create(account=other)
    event(other)
    assert missed(other) is None


def test_a_delivery_that_could_not_be_read_did_come(hooked):
    one = event(hooked)
    Delivery.objects.create(
        account=hooked, state="replayed", reason="no type", event_id=str(one.event_id), received_at=NOW, body=b"{}"
    )
    assert missed(hooked) == 0


def test_sql_and_rule_agree(hooked):
    since = NOW - timedelta(hours=3)
    for source, minutes, late, kind in product(
        ("webhook", "reconcile", "observed"), (0.2, 30, 170, 190), (None, 10, 61, 4000), ("killed", "invented")
    ):
        at = NOW - timedelta(minutes=minutes)
        event(hooked, minutes, source=source, kind=kind, event_id=uuid4(),
              webhook_at=None if late is None else at + timedelta(seconds=late))  # fmt: skip
    kept = list(LifecycleEvent.objects.all())
    assert missed(hooked) == sum(is_missed(one, since, NOW) for one in kept) == 6


def test_the_first_delivery_begins_it(transactional_db, mailbox):
    from asgiref.sync import async_to_sync

    from events import inbox
    from events.writing import Arrival, context
    from tests.events.factories import at, real

    context.forget()
    made = records.account("fresh")
    health = AccountHealth.objects.create(account=made)
    for seconds, way in ((0, "reconcile"), (5, "webhook"), (9, "webhook")):
        async_to_sync(inbox.store)([Arrival(made.pk, way, at(seconds), real("created", seconds, run=f"x{seconds}"))])
    health.refresh_from_db()
    assert (health.webhook_since, health.webhook_last_at) == (at(5), at(9))
    context.forget()


async def test_deliveries_that_the_backend_lost_are_counted_until_they_come(watched, api, e2b, mailbox):
    from asgiref.sync import sync_to_async

    from events import inbox
    from events.reconcile import reconcile
    from events.wire import read_event
    from events.writing import Arrival

    async def brought(raw):
        now = datetime.now(UTC)
        await inbox.store([Arrival(watched.pk, "webhook", now, read_event(raw))])

    async def counted():
        later = datetime.now(UTC) + timedelta(seconds=61)
        return (await sync_to_async(missed_by_webhook)([watched.pk], later)).get(watched.pk)

    create(api)
    await reconcile(watched)
    assert await counted() is None  # no webhook was ever heard of
    await brought(api.get("/events/sandboxes").json()[0])
    assert await counted() == 0
    e2b.simulator.advance(5)
    for _ in range(3):
        create(api)
    await reconcile(watched)
    assert await counted() == 3
    await brought(api.get("/events/sandboxes").json()[0])
    assert await counted() == 2
