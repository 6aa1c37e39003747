"""An event dated well ahead of its backend's clock: kept as sent, folded by its arrival, and said on the page."""

import re
from datetime import timedelta

import msgspec
import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from dashboard.models import Member
from events.inbox import store
from events.models import LifecycleEvent
from events.writing import Arrival
from sandboxes.models import AccountHealth, Sandbox
from tests.events.factories import real
from tests.support import records

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox", "static_files")]


def arrive(account, event, ahead):
    """The event with its time so far ahead of our clock, as a webhook brings it now."""
    now = timezone.now()
    dated = msgspec.structs.replace(event, timestamp=now + ahead)
    async_to_sync(store)([Arrival(account.pk, "webhook", now, dated)])
    return dated


@pytest.fixture
def page(client, django_user_model):
    ada = django_user_model.objects.create_user("ada", password="long enough for a test")
    Member.objects.create(user=ada, role="operator")
    client.force_login(ada)

    def read(path):
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", client.get(path).content.decode()))

    return read


@pytest.mark.parametrize(("minutes", "is_doubted"), [(180, True), (6, True), (4, False)])
def test_event_from_tomorrow_is_folded_by_its_arrival_and_said(page, minutes, is_doubted):
    account = records.account()
    AccountHealth.objects.create(account=account, last_sync_at=timezone.now(), last_poll_at=timezone.now())
    arrive(account, real("created", 0), timedelta(hours=-1))
    sent = arrive(account, real("paused", 1), timedelta(minutes=minutes))

    kept = LifecycleEvent.objects.get(event_id=sent.id)
    assert kept.timestamp == sent.timestamp, "as it was sent"
    assert (kept.folded_at is not None) is is_doubted
    box = Sandbox.objects.get(sandbox_id="i1")
    assert (box.state, box.paused_at) == ("paused", kept.folded_at or sent.timestamp)
    if kept.folded_at:
        assert kept.received_at <= kept.folded_at <= timezone.now()
    assert ("1 event dated in the future" in page("/")) is is_doubted

    arrive(account, real("resumed", 2), timedelta(seconds=1))
    box.refresh_from_db()
    assert (box.state == "running") is is_doubted, "what comes after it is not held back for hours"
