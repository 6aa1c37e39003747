"""Who sends on a channel now: one process at a time, under a lease in the database, so that Redis may be away.

A claim is written down before anything is sent. Killed in between, nothing is noted as sent: after the lease the same
message goes out again, under the same ID.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F

from sandboxes.core import database
from sandboxes.models import Channel, ChannelState, Delivery
from sandboxes.notifications import digests, queries
from sandboxes.notifications.digests import Choice, Told, Waiting

LEASE: Final = timedelta(seconds=30)  # three times what one message may take
MOST_WAITING: Final = 1_000
State = Delivery.State


@dataclass(frozen=True)
class Claim:
    """These deliveries are to be sent as one message; `digest` is its ID where they are lines of one."""

    lease: uuid.UUID
    channel: Channel
    deliveries: Sequence[Delivery]
    digest: uuid.UUID | None = None

    @property
    def message_id(self) -> str:
        """The same however often it is sent."""
        return str(self.digest or self.deliveries[0].notification_id)


def due_channels(now: datetime) -> list[int]:
    """Keys of the channels where something may be sent."""
    waiting = Delivery.objects.filter(state=State.WAITING, next_try_at__lte=now, channel__enabled=True)
    return sorted(set(waiting.values_list("channel_id", flat=True)) - {None})


@transaction.atomic
def claim(channel_id: int, now: datetime) -> Claim | None:
    """The next message of a channel; None where nothing is due, or another process sends there."""
    ChannelState.objects.get_or_create(channel_id=channel_id)
    states = ChannelState.objects.select_for_update(of=("self",), skip_locked=True).select_related("channel")
    state = states.filter(channel_id=channel_id, channel__enabled=True).first()
    if state is None or is_leased(state, now):
        return None
    choice = _choice(state.channel, now)
    Delivery.objects.filter(pk__in=choice.hold).update(held=True, next_try_at=choice.until)
    if not choice.now:
        return None
    taken = _take(choice, now)
    state.leased_by, state.leased_until = uuid.uuid4(), now + LEASE
    state.save(update_fields=["leased_by", "leased_until"])
    return Claim(state.leased_by, state.channel, taken, taken[0].digest)


def is_leased(state: ChannelState, now: datetime) -> bool:
    """Whether a process sends there; a lease of before the clock was set back is none."""
    return state.leased_until is not None and now < state.leased_until <= now + LEASE


def _take(choice: Choice, now: datetime) -> list[Delivery]:
    """Notes the try, so that a message that ends its sender is not tried for ever."""
    rows = Delivery.objects.filter(pk__in=choice.now)
    rows.update(attempts=F("attempts") + 1, next_try_at=now + LEASE, at=now)
    if choice.as_digest:
        rows.filter(digest=None).update(digest=_digest_of(choice), held=False)
    return list(rows.select_related("notification").order_by("pk"))


def _digest_of(choice: Choice) -> uuid.UUID:
    begun = Delivery.objects.filter(pk__in=choice.now).exclude(digest=None).values_list("digest", flat=True).first()
    return begun or uuid.uuid4()


def _choice(channel: Channel, now: datetime) -> Choice:
    if channel.kind not in digests.READ_BY_PEOPLE:
        return Choice([key for (key,) in database.rows(queries.NEXT_DUE, {"channel": channel.pk, "now": now})])
    rows = channel.deliveries.filter(state=State.WAITING).select_related("notification").order_by("pk")[:MOST_WAITING]
    waiting = [_waiting(row, now) for row in rows]
    return digests.choose(channel.kind, waiting, _told(channel, now), now)


def _waiting(row: Delivery, now: datetime) -> Waiting:
    told = row.notification
    due = row.next_try_at is not None and row.next_try_at <= now
    critical = told.severity == Channel.Severity.CRITICAL
    return Waiting(row.pk, told.subject, told.type, told.cause, critical, due, row.held, row.digest)


def _told(channel: Channel, now: datetime) -> list[Told]:
    """The messages that arrived within the window, each once."""
    rows = channel.deliveries.filter(state=State.SENT, at__gt=now - digests.WINDOW).select_related("notification")
    found: dict[uuid.UUID, list[Delivery]] = {}
    for row in rows:
        found.setdefault(row.digest or row.notification_id, []).append(row)
    return [
        Told(
            max(row.at for row in of_one if row.at),
            frozenset((r.notification.type, r.notification.cause) for r in of_one),
        )
        for of_one in found.values()
    ]
