"""The lines of the Channels page: each channel with how it does, and what was and is to be delivered there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.access.deliveries import of_channel
from dashboard.alerts.channels_form import EVENT_WORDS
from sandboxes.models import Channel, Delivery
from sandboxes.notifications import health, wording
from sandboxes.notifications.health import Counts

COUNTED: Final = timedelta(days=7)
MOST: Final = 50
KINDS: Final[Mapping[str, str]] = {
    "email": gettext_noop("Email"), "slack": gettext_noop("Slack"), "pagerduty": gettext_noop("PagerDuty"),
    "webhook": gettext_noop("Signed webhook"), "apprise": gettext_noop("Apprise"),
}  # fmt: skip
_MARKS: Final[Mapping[str, tuple[str, str, str]]] = {
    "working": ("run", "", gettext_noop("working")), "retrying": ("warn", "", gettext_noop("retrying")),
    "failing": ("bad", "", gettext_noop("failing")), "unused": ("note", "ink", gettext_noop("not used yet")),
    "disabled": ("end", "", gettext_noop("disabled")),
}  # fmt: skip


@dataclass(frozen=True)
class ChannelLine:
    """A channel with its state (glyph, its class, words) and the counts of seven days."""

    row: Channel
    kind: str
    state: tuple[str, str, str]
    counts: Counts

    @property
    def took(self) -> str:
        """The typical time of a message."""
        return took(self.counts.ms)


@dataclass(frozen=True)
class DeliveryLine:
    """A delivery: what it is about, what happened, and what came of it; `again` is what may be done with it."""

    row: Delivery
    about: str
    event: str
    again: str

    @property
    def took(self) -> str:
        """How long the try took that arrived."""
        return took(self.row.ms)


def took(ms: int | None) -> str:
    """`340 ms`, `2.1 s`; nothing where it is not known."""
    if ms is None:
        return ""
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def kinds() -> list[tuple[str, str]]:
    """Code and name of each kind."""
    return [(kind, _(word)) for kind, word in KINDS.items()]


def channels() -> list[ChannelLine]:
    """All, by name."""
    rows = list(Channel.objects.all())
    words, counts = health.of(rows), health.counts(timezone.now() - COUNTED)
    return [ChannelLine(one, _(KINDS[one.kind]), _state(words[one.pk]), counts.get(one.pk, Counts())) for one in rows]


def deliveries(channel: Channel, *, only_open: bool) -> list[DeliveryLine]:
    """The newest; with `only_open` those that have not arrived."""
    found = of_channel(channel).order_by("-pk")
    if only_open:
        found = found.filter(state__in=(Delivery.State.WAITING, Delivery.State.FAILED))
    return [_line(one) for one in found[:MOST]]


def _line(row: Delivery) -> DeliveryLine:
    told = row.notification
    about = wording.message_of(told.type, told.severity, told.data).title
    event = _(EVENT_WORDS[told.type]) if told.type in EVENT_WORDS else _("Test")
    return DeliveryLine(row, about, event, _again(row))


def _again(row: Delivery) -> str:
    if row.notification.type not in EVENT_WORDS or row.state == Delivery.State.SUPPRESSED:
        return ""
    return _("Try now") if row.state == Delivery.State.WAITING else _("Send again")


def _state(word: str) -> tuple[str, str, str]:
    glyph, extra, text = _MARKS[word]
    return glyph, extra, _(text)
