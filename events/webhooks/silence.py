"""Webhooks that used to come and no longer do, while events still happen: told from a quiet fleet and from one that was
stopped on purpose."""

from datetime import datetime, timedelta
from typing import Final

from events.models import LifecycleEvent
from events.webhooks.view import view_of
from sandboxes.base.clock import on_backend
from sandboxes.core import rounds
from sandboxes.core.accounts import clock_offset, enabled_accounts
from sandboxes.models import Account, AccountHealth

SILENT_SECONDS: Final = 360


def silent_since(health: AccountHealth, now: datetime) -> datetime | None:
    """Since when deliveries are missing; None where none are, or where none are due.

    Deliveries must still be expected: after a webhook was disabled or deleted, here or at the backend, none are.
    """
    late = now - timedelta(seconds=SILENT_SECONDS)
    last, since = health.webhook_last_at, health.webhook_since
    if last and since and max(last, since) < late and _is_on(health) and _has_brought(health.account, late):
        return max(last, since)
    return None


def note_all(now: datetime) -> None:
    """Writes it to every account's health, where alerts read it."""
    rounds.in_turn("silence", enabled_accounts(), lambda account: _note(account, now))


def _note(account: Account, now: datetime) -> None:
    health = AccountHealth.objects.select_related("account").filter(account=account).first()
    if health is not None and (since := silent_since(health, now)) != health.webhook_silent_since:
        AccountHealth.objects.filter(pk=health.pk).update(webhook_silent_since=since)


def _is_on(health: AccountHealth) -> bool:
    """Whether the webhook is on, as far as is known: one that a person registered nobody may have been able to ask."""
    view = view_of(health)
    return view.enabled is not False and view.quiet_at is None and not view.missing


def _has_brought(account: Account, since: datetime) -> bool:
    """Whether the events API has brought an event that happened since then, on our clock, before any delivery did."""
    events = LifecycleEvent.objects.filter(account=account, source=LifecycleEvent.Source.RECONCILE)
    return events.filter(received_at__gt=since, timestamp__gt=on_backend(since, clock_offset(account))).exists()
