"""Channels and notifications for tests, and the round that sends them."""

import base64
from typing import Any

from asgiref.sync import async_to_sync

from sandboxes.models import Channel, Delivery, Notification
from sandboxes.notifications import book, notifier, outbox
from sandboxes.notifications.book import Wanted

KEY = "R0123456789abcdefghij0123456789a"
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()
SECRETS = {"webhook": SECRET, "pagerduty": KEY}
ALL = (
    "alert.firing", "alert.acknowledged", "alert.resolved", "orphan.marked", "action.confirmed", "action.failed",
    "limit.reached",
)  # fmt: skip


def channel(name: str, kind: str, url: str, **fields: Any) -> Channel:
    """As the page and REST add it; the sinks of tests are private addresses."""
    fields.setdefault("events", ALL if kind == "webhook" else None)
    given = {"secret": SECRETS.get(kind), "allow_private": True, **fields}
    return book.add(Wanted(name=name, kind=kind, url=url, **given))


def alert(**fields: Any) -> dict[str, Any]:
    """What an alert hands on, in the contract's form."""
    return {
        "id": 7, "rule": "Memory over 95 %", "severity": "warning", "state": "firing", "silenced_by": None,
        "group": {"template": "base"}, "value": 3.0, "threshold": 95.0, "started_at": "2026-08-21T11:58:00Z",
        "resolved_at": None, "count": 3, "examples": ["i1", "i2"], "usd_at_stake": 4.5,
        "text": "3 sandboxes of base over 95 % memory", "url": "https://sandwarden.example/alerts/7/", "cause": "",
        **fields,
    }  # fmt: skip


def tell(*channels: str, type_: str = "alert.firing", subject: str = "7", **fields: Any) -> Notification:
    """A warning about alert 7."""
    given: dict[str, Any] = {"severity": "warning", "account": None, "data": alert(), "cause": "", **fields}
    return outbox.tell(type=type_, subject=subject, channels=channels, **given)


def send_all() -> None:
    """One round of the role `notify`, until everything that it began is done."""

    async def whole() -> None:
        one = notifier.Notifier()
        await one.round()
        await one.finish()

    async_to_sync(whole)()


def states(name: str) -> list[str]:
    """Of all deliveries on a channel, oldest first."""
    return list(Delivery.objects.filter(channel_name=name).order_by("pk").values_list("state", flat=True))
