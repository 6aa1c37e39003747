"""What is to be told is written down here, in the transaction of whoever tells it; the role `notify` sends it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from sandboxes.base.masking import mask
from sandboxes.models import Channel, Delivery, Notification
from sandboxes.notifications import events, wake

State = Delivery.State
REACHED: Final = (State.SENT, State.WAITING)
log = logging.getLogger(__name__)


def tell(
    *,
    type: str,  # noqa: A002 - the contract's word
    subject: str,
    severity: str,
    account: int | None,
    data: Mapping[str, Any],
    channels: Iterable[str],
    cause: str = "",
) -> Notification:
    """Notes that `data` is told on these channels, by name; sent at once after the caller's transaction.

    `account` is a key, None for several or none. What is about one `subject` arrives in order on each channel. A
    channel that does not want it (disabled, too severe for it, another event) has a suppressed delivery that says why;
    so has one that an alert's end or acknowledgement would reach without its firing. Names of no channel are left out.
    """
    now = timezone.now()
    told = Notification.objects.create(
        type=type, subject=subject, severity=severity, account_id=account, data=_masked(data), cause=cause,
        created_at=now,
    )  # fmt: skip
    wanted = list(dict.fromkeys(channels))
    found = {one.name: one for one in Channel.objects.filter(name__in=wanted)}
    if missing := [name for name in wanted if name not in found]:
        log.warning("%s %s names channels that are gone: %s", type, subject, ", ".join(missing))
    reached = set(told_on(subject)) if type in events.FOLLOWING else set()
    made = [_delivery(told, found[name], reached) for name in wanted if name in found]
    Delivery.objects.bulk_create(made)
    if any(one.state == State.WAITING for one in made):
        wake.after_commit()
    return told


def told_on(subject: str) -> list[str]:
    """Names of the channels on which the firing of `subject` arrived or still waits."""
    firing = Delivery.objects.filter(
        notification__subject=subject, notification__type=events.FIRING, state__in=REACHED, channel__isnull=False
    )
    return sorted(set(firing.values_list("channel_name", flat=True)))


def deliveries_of(subjects: Iterable[str]) -> dict[str, list[Delivery]]:
    """What became of everything about these subjects, oldest first; each with its `notification`."""
    found: dict[str, list[Delivery]] = {}
    rows = Delivery.objects.filter(notification__subject__in=list(subjects)).select_related("notification")
    for one in rows.order_by("pk"):
        found.setdefault(one.notification.subject, []).append(one)
    return found


def why_not(channel: Channel, told: Notification, reached: Iterable[str]) -> str:
    """Why `channel` is not told; empty where it is."""
    if not channel.enabled:
        return "the channel is disabled"
    if told.type not in channel.events:
        return f"the channel does not ask for {told.type}"
    if told.type in events.FOLLOWING:
        return "" if channel.name in reached else "its firing was not told here"
    if events.is_below(told.severity, channel.min_severity):
        return f"the channel takes {channel.min_severity} and above"
    return ""


def _delivery(told: Notification, channel: Channel, reached: Iterable[str]) -> Delivery:
    why = why_not(channel, told, reached)
    made = Delivery(notification=told, channel=channel, channel_name=channel.name, error=why)
    made.state = State.SUPPRESSED if why else State.WAITING
    made.next_try_at = None if why else told.created_at
    return made


@transaction.atomic
def send_again(delivery: Delivery) -> Delivery:
    """The same message under the same ID once more, at once, with all its tries. Raises NotAgain."""
    row = Delivery.objects.select_for_update(of=("self",)).select_related("notification", "channel").get(pk=delivery.pk)
    if row.channel is None:
        raise NotAgain("its channel was removed")
    if not row.channel.enabled:
        raise NotAgain("its channel is disabled")
    if row.state == State.SUPPRESSED:
        raise NotAgain(f"it was never meant to be sent: {row.error}")
    if row.notification.type == events.TEST:
        raise NotAgain("a test is sent anew: POST …/test")
    row.state, row.attempts, row.next_try_at, row.held, row.digest = State.WAITING, 0, timezone.now(), False, None
    row.save(update_fields=["state", "attempts", "next_try_at", "held", "digest"])
    wake.after_commit()
    return row


class NotAgain(Exception):
    """This delivery can't be sent again; the message says why."""


def _masked(value: Any) -> Any:
    """The same without secrets, whatever text they stand in."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(str(name)): _masked(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [_masked(one) for one in value]
    return value
