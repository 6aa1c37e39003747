"""The facts behind "Needs attention": an account that is not served is named, with or without a written error."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard import attention
from sandboxes import fleet
from sandboxes.models import Account, AccountHealth
from tests import records

pytestmark = pytest.mark.django_db


def facts():
    now = timezone.now()
    return attention.facts(now, fleet.now(now))


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


def test_silent_webhook_is_told_only_while_one_is_expected():
    now = timezone.now()
    account = watched(last_sync_at=now, webhook_last_at=now - timedelta(hours=2), webhook_since=now - timedelta(days=1))
    records.event("i1", of=account, timestamp=now, received_at=now, source="reconcile")
    assert [name for name, _ in facts().webhooks_silent] == ["prod"]
    AccountHealth.objects.update(webhook_since=None)  # somebody disabled or deleted it
    assert facts().webhooks_silent == []
