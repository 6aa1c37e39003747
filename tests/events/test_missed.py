"""Missed is what no delivery brought in time though webhooks came: SQL and the written rule say the same."""

from datetime import timedelta
from itertools import product
from uuid import uuid4

import pytest

from events.missed import is_missed, missed_by_webhook
from events.models import Delivery, LifecycleEvent
from sandboxes.models import AccountHealth
from tests import records
from tests.records import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(db):
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


def test_it_works(account):
    event(account)
    event(account, source="webhook", webhook_at=NOW)
    assert missed(account) == 1


def test_what_a_webhook_brought_soon_after_was_not_missed(account):
    seen_at = NOW - timedelta(minutes=10)
    event(account, webhook_at=seen_at + timedelta(seconds=59))
    assert missed(account) == 0
    event(account, webhook_at=seen_at + timedelta(seconds=90))
    assert missed(account) == 1


def test_what_may_still_come_is_not_missed_yet(account):
    event(account, minutes=0.5)
    assert missed(account) == 0


def test_what_nobody_was_to_send_is_not_missed(account):
    event(account, minutes=4 * 60)  # before the first delivery
    event(account, source="observed")
    event(account, kind="invented")
    assert missed(account) == 0


def test_an_account_without_webhooks_has_no_figure():
    other = records.account("other")
    AccountHealth.objects.create(account=other)
    event(other)
    assert missed(other) is None


def test_a_delivery_that_could_not_be_read_did_come(account):
    one = event(account)
    Delivery.objects.create(
        account=account, state="replayed", reason="no type", event_id=str(one.event_id), received_at=NOW, body=b"{}"
    )
    assert missed(account) == 0


def test_sql_and_rule_agree(account):
    since = NOW - timedelta(hours=3)
    for source, minutes, late, kind in product(
        ("webhook", "reconcile", "observed"), (0.2, 30, 170, 190), (None, 10, 61, 4000), ("killed", "invented")
    ):
        at = NOW - timedelta(minutes=minutes)
        event(account, minutes, source=source, kind=kind, event_id=uuid4(),
              webhook_at=None if late is None else at + timedelta(seconds=late))  # fmt: skip
    kept = list(LifecycleEvent.objects.all())
    assert missed(account) == sum(is_missed(one, since, NOW) for one in kept) == 6


def test_the_first_delivery_begins_it(transactional_db, mailbox):
    from asgiref.sync import async_to_sync

    from events import inbox
    from events.writing import Arrival, house
    from tests.events.factories import at, real

    house.forget()
    made = records.account("fresh")
    health = AccountHealth.objects.create(account=made)
    for seconds, way in ((0, "reconcile"), (5, "webhook"), (9, "webhook")):
        async_to_sync(inbox.store)([Arrival(made.pk, way, at(seconds), real("created", seconds, run=f"x{seconds}"))])
    health.refresh_from_db()
    assert (health.webhook_since, health.webhook_last_at) == (at(5), at(9))
    house.forget()
