"""The facts behind "Needs attention": an account that is not served is named, with or without a written error."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dashboard.fleet import attention, attention_facts
from dashboard.ui import context
from events.models import LifecycleEvent
from events.webhooks import registration
from sandboxes.core import disk
from sandboxes.fleet import figures as fleet
from sandboxes.models import Account, AccountHealth
from sandboxes.models.fields import Sealed
from tests.support import records

pytestmark = pytest.mark.django_db


def facts():
    now = timezone.now()
    return attention_facts.facts(now, fleet.now(now))


def watched(name="prod", **health) -> Account:
    account = records.account(name)
    Account.objects.filter(pk=account.pk).update(created_at=timezone.now() - timedelta(days=1))
    if health:
        AccountHealth.objects.create(account=account, **health)
    return account


def test_list_unread_for_hours_without_an_error_is_named():
    hours_ago = timezone.now() - timedelta(hours=3)
    watched(last_sync_at=hours_ago, last_poll_at=timezone.now())
    ((account, since, why),) = facts().unlisted
    assert (account, since) == ("prod", hours_ago)
    assert "no sync has finished" in why


def test_account_that_no_sync_has_ever_reached_is_named():
    watched()
    assert [(name, since) for name, since, _ in facts().unlisted] == [("prod", None)]


def test_account_of_this_minute_is_not_late_yet():
    records.account()
    assert facts().unlisted == []


def test_list_read_just_now_is_no_matter():
    watched(last_sync_at=timezone.now())
    assert facts().unlisted == []


def test_round_that_fails_is_told_with_its_account():
    since = timezone.now() - timedelta(minutes=7)
    told = {"error": "DatabaseError: no", "since": since.isoformat(), "at": timezone.now().isoformat()}
    watched(last_sync_at=timezone.now(), round_errors={"backfill": told, "sync": told})
    watched("staging", last_sync_at=timezone.now())
    assert facts().rounds_failing == [("prod", "backfill", since, "DatabaseError: no")]


def webhook_last_heard(minutes_ago=10, *, on=True):
    """An account whose last delivery is so old, and an event that reconcile has just brought."""
    now = timezone.now()
    account = watched(webhook_last_at=now - timedelta(minutes=minutes_ago), webhook_since=now - timedelta(days=1))
    records.event("ix", of=account, source="reconcile", received_at=now, timestamp=now)
    async_to_sync(registration.expect)(account, on=on)
    if on:
        AccountHealth.objects.update(webhook_since=now - timedelta(days=1))
    return account


def test_webhook_that_stopped_coming_is_named():
    webhook_last_heard()
    ((account, since),) = facts().webhooks_silent
    assert account == "prod"
    assert timezone.now() - since > timedelta(minutes=9)


def test_webhook_registered_by_hand_is_named_too():
    account = webhook_last_heard()
    AccountHealth.objects.filter(account=account).update(webhook={})
    assert [name for name, _ in facts().webhooks_silent] == ["prod"]


def test_webhook_stopped_on_purpose_is_not_silent():
    webhook_last_heard(on=False)
    assert facts().webhooks_silent == []


def test_late_delivery_of_a_stopped_webhook_makes_it_not_silent():
    """A try that was on its way when it was stopped brings `webhook_since` back until the next upkeep."""
    account = webhook_last_heard(on=False)
    AccountHealth.objects.filter(account=account).update(webhook_since=timezone.now() - timedelta(minutes=9))
    assert facts().webhooks_silent == []


def test_webhook_disabled_at_the_backend_is_not_silent():
    account = webhook_last_heard()
    AccountHealth.objects.filter(account=account).update(webhook={"enabled": False})
    assert facts().webhooks_silent == []


def test_webhook_just_enabled_again_is_not_silent_yet():
    account = webhook_last_heard()
    AccountHealth.objects.filter(account=account).update(webhook_since=timezone.now())
    assert facts().webhooks_silent == []


def test_event_from_before_a_webhook_was_enabled_makes_it_not_silent():
    """Reconcile brings it late: no delivery was due for it."""
    account, since = webhook_last_heard(), timezone.now() - timedelta(minutes=8)
    AccountHealth.objects.filter(account=account).update(webhook_since=since)
    LifecycleEvent.objects.update(timestamp=since - timedelta(minutes=1))
    assert facts().webhooks_silent == []


def test_account_without_any_delivery_is_not_silent():
    now = timezone.now()
    records.event("ix", of=watched(webhook_since=now - timedelta(days=1)), source="reconcile", received_at=now)
    assert facts().webhooks_silent == []


def test_list_and_poll_from_the_future_are_named():
    """Our clock was set back since: they prove nothing of now."""
    ahead = timezone.now() + timedelta(hours=1)
    watched(last_sync_at=ahead, last_poll_at=ahead)
    found = facts()
    assert [name for name, _, _ in found.unlisted] == ["prod"]
    assert found.stale_since == ahead
    said = ["".join(text for text, _ in need.parts) for need in attention.needs(found)]
    assert "The last poll is dated 1 h ahead of our clock" in said
    assert "E2B's list is dated 1 h ahead of our clock" in said


def test_poll_from_the_future_is_stale_beside_one_on_time():
    now = timezone.now()
    watched("one", last_poll_at=now)
    watched("two", last_poll_at=now + timedelta(hours=1))
    assert context.read_frame().stale_since == now + timedelta(hours=1)


def test_health_degraded_by_a_list_from_the_future(client):
    client.force_login(get_user_model().objects.create_user("ada", password="x"))
    watched(last_sync_at=timezone.now() + timedelta(hours=1), reachable=True)
    assert client.get("/api/v1/health").json()["status"] == "degraded"
    AccountHealth.objects.update(last_sync_at=timezone.now())
    assert client.get("/api/v1/health").json()["status"] == "ok"


def test_lost_secrets_in_use_are_named_until_they_are_entered_again():
    lost = Sealed("fernet:lost")
    account = watched(last_sync_at=timezone.now())
    of_it = Account.objects.filter(pk=account.pk)
    of_it.update(api_key=lost, webhook_secret=lost)
    assert context.read_frame().unreadable == [("prod", ["api_key", "webhook_secret"])]
    assert facts().webhooks_locked == ["prod"]
    of_it.update(api_key="e2b_0123456789abcdef", webhook_secret="s3cret-of-today")
    of_it.update(previous_webhook_secret=lost, previous_secret_until=timezone.now() + timedelta(hours=1))
    assert context.read_frame().unreadable == [("prod", ["webhook_secret"])]
    of_it.update(previous_secret_until=timezone.now() - timedelta(hours=1), sent_webhook_secret=lost)
    assert context.read_frame().unreadable == []
    assert facts().webhooks_locked == []


def test_health_is_read_once_beside_the_frames_own_look():
    for name in ("prod", "staging"):
        watched(name, last_sync_at=timezone.now())
    now = timezone.now()
    figures = fleet.now(now)
    with CaptureQueriesContext(connection) as asked:
        attention_facts.facts(now, figures)
    of_health = [one["sql"] for one in asked if 'FROM "sandboxes_accounthealth"' in one["sql"]]
    assert len(of_health) == 2


@pytest.mark.parametrize(
    ("known", "minutes", "named"),
    [
        ({"metrics": False, "bulk_metrics": False}, None, (["prod"], [])),
        ({"bulk_metrics": False}, None, ([], [])),
        ({}, 10, ([], ["prod"])),
        ({}, 1, ([], [])),
        ({"metrics": False, "bulk_metrics": False}, 10, (["prod"], [])),
    ],
)
def test_backend_without_metrics_and_one_without_samples_are_told_apart(known, minutes, named):
    now = timezone.now()
    since = now - timedelta(minutes=minutes) if minutes else None
    account = watched(last_sync_at=now, no_metrics_since=since)
    account.capabilities = known | {"at": now.isoformat()}
    account.save()
    found = facts()
    assert (found.no_metrics, found.empty_metrics) == named


@pytest.mark.parametrize(("free", "said"), [(disk.GIB, disk.GIB), (40 * disk.GIB, None)])
def test_disk_that_is_almost_full_is_said(monkeypatch, free, said):
    monkeypatch.setattr(disk, "space", lambda: disk.Space(free, 100 * disk.GIB))
    assert facts().disk_free == said


def test_event_that_was_folded_by_its_arrival_is_said_for_a_day():
    account, now = watched(last_sync_at=timezone.now()), timezone.now()
    ahead = now + timedelta(hours=3)
    records.event("i1", of=account, timestamp=ahead, received_at=now, folded_at=now)
    records.event("i2", of=account, timestamp=ahead, received_at=now)
    records.event("i3", of=account, timestamp=ahead, received_at=now - timedelta(days=2), folded_at=now)
    assert facts().from_the_future == [("prod", 1)]
