"""What the webhook path missed: not what reconcile merely saw first, but what no delivery brought within a minute."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from django.db.models import CharField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast

from events.models import Delivery, LifecycleEvent
from events.wire import LABELS, PREFIX
from sandboxes.models import AccountHealth

PATIENCE: Final = timedelta(seconds=60)  # E2B's last try comes after 30 s
DAY: Final = timedelta(hours=24)
# What a webhook is registered for unless Settings chose fewer (docs/webhooks.md); a type that E2B adds one day is not.
SUBSCRIBED: Final = frozenset(PREFIX + word for word in LABELS.values())


def is_missed(event: LifecycleEvent, since: datetime, now: datetime, subscribed: Collection[str] = SUBSCRIBED) -> bool:
    """Whether no webhook brought `event` in time, though those of the types `subscribed` were expected `since` then.

    One that was known for less than a minute may still come; one that we saw in the list was never sent.
    """
    return (
        event.source == LifecycleEvent.Source.RECONCILE
        and event.type in subscribed
        and event.timestamp >= since
        and event.received_at <= now - PATIENCE
        and (event.webhook_at is None or event.webhook_at > event.received_at + PATIENCE)
    )


def missed_by_webhook(account_ids: Iterable[int], now: datetime) -> dict[int, int]:
    """How many events of the last 24 h each account's webhook missed.

    An account that never got a delivery is left out: nothing says that it has a webhook. An event whose delivery
    came and could not be read is parked, not missed.
    """
    rows = AccountHealth.objects.filter(account__in=account_ids)
    found = rows.values_list("account", "webhook_since", "account__webhook_events")
    return {account: _count(account, since, now, events or SUBSCRIBED) for account, since, events in found if since}


def _count(account_id: int, since: datetime, now: datetime, subscribed: Collection[str]) -> int:
    """`is_missed` in SQL; what webhooks brought first is not even read."""
    parked = Delivery.objects.filter(
        account=OuterRef("account"), event_id=Cast(OuterRef("event_id"), CharField()), source="webhook"
    )
    found = LifecycleEvent.objects.filter(
        Q(webhook_at=None) | Q(webhook_at__gt=F("received_at") + PATIENCE),
        account=account_id, source=LifecycleEvent.Source.RECONCILE, type__in=subscribed,
        timestamp__gte=max(since, now - DAY), received_at__lte=now - PATIENCE,
    )  # fmt: skip
    return found.exclude(Exists(parked)).count()
