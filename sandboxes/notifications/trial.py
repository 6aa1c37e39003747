"""A test message, sent at once by whoever asks for it, and on record like any other."""

from dataclasses import dataclass
from datetime import datetime

from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from sandboxes.models import Channel, ChannelState, Delivery, Notification
from sandboxes.notifications import events, sending
from sandboxes.notifications.outcomes import Outcome


@dataclass(frozen=True)
class Tried:
    """Whether it arrived, in how many milliseconds, and why not; `answer` is what the other side said."""

    delivered: bool
    ms: int
    error: str
    answer: str


def send(channel: Channel, by: str) -> Tried:
    """Tries once, disabled channels too. PagerDuty gets a trigger and, once that arrived, its resolve."""
    now = timezone.now()
    data = {"text": _("Test by {name}").format(name=by), "url": f"{settings.PUBLIC_URL}/alerts/channels/"}
    told = Notification.objects.create(
        type=events.TEST, subject=f"test {channel.pk} {now.timestamp():.0f}", severity="info", data=data, created_at=now
    )
    outcome, ms = async_to_sync(_try)(channel, told)
    at = timezone.now()
    Delivery.objects.create(
        notification=told, channel=channel, channel_name=channel.name, attempts=1, at=at, ms=ms, answer=outcome.answer,
        state=Delivery.State.SENT if outcome.arrived else Delivery.State.FAILED, error=outcome.error,
    )  # fmt: skip
    _note(channel, outcome, ms, at)
    return Tried(outcome.arrived, ms, outcome.error, outcome.answer)


async def _try(channel: Channel, told: Notification) -> tuple[Outcome, int]:
    out = sending.outgoing(str(told.pk), [told])
    outcome, ms = await sending.try_once(channel, out)
    if channel.kind == "pagerduty" and outcome.arrived:
        end = sending.outgoing(str(told.pk), [Notification(type="alert.resolved", subject=told.subject, severity="info",
                                                           data=told.data, created_at=told.created_at)])  # fmt: skip
        await sending.try_once(channel, end)
    return outcome, ms


def _note(channel: Channel, outcome: Outcome, ms: int, at: datetime) -> None:
    """A test that arrives ends a failure, one that fails begins none: what was tested may be half set up."""
    if outcome.arrived:
        found = {"last_sent_at": at, "ms": ms, "failing_since": None, "error": ""}
        ChannelState.objects.update_or_create(channel=channel, defaults=found)
