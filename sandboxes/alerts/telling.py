"""Tells what is due, once a round: on which channels, or why nobody is told. One alert that fails hinders no other."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q

from sandboxes.alerts import routes, silences
from sandboxes.alerts.rules.matching import Routes, SilenceMatch, channels_for
from sandboxes.alerts.rules.telling import Event, Situation, due, held_back
from sandboxes.alerts.shown import message_of
from sandboxes.models import Alert, Channel, Silence
from sandboxes.notifications import outbox
from sandboxes.policies import quiet_now

log = logging.getLogger(__name__)
REPEAT: Final = timedelta(hours=4)  # of an alert whose rule is deleted
NOBODY: Final = "no channel"


@dataclass(frozen=True)
class Book:
    """What is in force at `now`: silences, routes, and the accounts' names."""

    now: datetime
    silences: Sequence[tuple[Silence, SilenceMatch]]
    routes: Routes
    names: dict[int, str]


def tell_all(now: datetime) -> None:
    """Everything that fires, and what has ended since it was told."""
    book = Book(now, silences.active(now), routes.routes(), silences.account_names())
    still = Q(resolved_at=None) | Q(over_told=False, told_at__isnull=False)
    for alert in Alert.objects.filter(still).select_related("rule").order_by("pk"):
        try:
            with transaction.atomic():
                _tell(alert, book)
        except Exception:
            log.exception("alert %d could not be told", alert.pk)


def acknowledged(alert: Alert) -> None:
    """Tells that somebody has it, where its firing was told."""
    if alert.told_at is not None:
        _send(alert, "alert.acknowledged", outbox.told_on(str(alert.pk)))


def situation(alert: Alert, now: datetime) -> Situation:
    """How it stands, for the rules of telling."""
    quiet = alert.rule is not None and quiet_now(alert.rule.quiet_hours, now)
    return Situation(
        state="resolved" if alert.resolved_at else "acknowledged" if alert.acknowledged_at else "firing",
        told_at=alert.told_at, over_told=alert.over_told, records_until=alert.records_until,
        silenced=alert.silence is not None and alert.silence.until > now, quiet=quiet,
    )  # fmt: skip


def _tell(alert: Alert, book: Book) -> None:
    before = alert.silence_id, alert.held_back
    if alert.resolved_at is None:
        alert.silence = silences.covering(alert, book.silences, book.names)
    at = situation(alert, book.now)
    repeat = timedelta(seconds=alert.rule.repeat_seconds) if alert.rule else REPEAT
    event = due(at, book.now, repeat)
    alert.held_back = held_back(at, book.now) if at.state == "firing" else ""
    sent = event is not None and _told(alert, event, book)
    if sent or before != (alert.silence_id, alert.held_back):
        alert.save(update_fields=["silence", "held_back", "told_at", "over_told"])


def _told(alert: Alert, event: Event, book: Book) -> bool:
    """Whether somebody is told; where nobody is to be told, the next round asks again."""
    if event == "resolved":
        _send(alert, "alert.resolved", outbox.told_on(str(alert.pk)))
        alert.over_told = True
        return True
    own, by = (alert.rule.channels, alert.rule.route_by) if alert.rule else ([], None)
    channels, _fell = channels_for(book.routes, own, by, alert.group)
    if alert.kind == "channel_failed":
        channels = _other_channels(channels, alert.group.get("channel", ""))
    if not channels:
        alert.held_back = NOBODY
        return False
    _send(alert, "alert.firing", channels)
    alert.told_at = book.now
    return True


def _other_channels(named: Sequence[str], failing: str) -> list[str]:
    """That one fails is told through the others: those that are named, else all that there are."""
    left = [name for name in named if name != failing]
    return left or list(Channel.objects.filter(enabled=True).exclude(name=failing).values_list("name", flat=True))


def _send(alert: Alert, kind: str, channels: Sequence[str]) -> None:
    account = alert.accounts[0] if len(alert.accounts) == 1 else None
    outbox.tell(
        type=kind, subject=str(alert.pk), severity=alert.severity, account=account, data=message_of(alert),
        channels=channels, cause=f"{alert.rule_name} {alert.group_key}",
    )  # fmt: skip
