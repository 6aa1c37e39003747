"""The lines of the Alerts pages: an alert as a sentence, its value beside its limit, and whom it reached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.alerts.channels_rows import took
from sandboxes.alerts import acknowledging, shown, wording
from sandboxes.core import sight
from sandboxes.core.accounts import held_accounts
from sandboxes.models import Alert, Delivery
from sandboxes.notifications import outbox

MARKS: Final = {"critical": ("bad", ""), "warning": ("warn", "ink"), "info": ("note", "ink")}
_ORDER: Final = {"critical": 0, "warning": 1, "info": 2}
_SENT: Final = {"sent": ("yes", "ink"), "waiting": ("wait", "ink"), "failed": ("bad", ""), "suppressed": ("no", "ink")}
_HELD: Final = {
    "silenced": gettext_noop("nobody is told: silenced"),
    "recording": gettext_noop("only recorded: the rule, the account or Sandwarden is new"),
    "quiet hours": gettext_noop("nobody is told: quiet hours"),
    "no channel": gettext_noop("nobody is told: no channel"),
}


@dataclass(frozen=True)
class Told:
    """What became of telling it on one channel: glyph, its class, channel, and how long it took or why not."""

    glyph: str
    hue: str
    channel: str
    note: str


@dataclass(frozen=True)
class Line:
    """One alert."""

    row: Alert
    mark: tuple[str, str]
    parts: Sequence[tuple[str, bool]]
    cause: str
    value: str
    limit: str
    told: Sequence[Told]
    held: str

    @property
    def to_silence(self) -> str:
        """What fills in the form of a silence of just this."""
        known = {
            key: value
            for key, value in self.row.group.items()
            if key in ("account", "owner", "environment", "template")
        }
        return urlencode({"rule": self.row.rule_name} | known)

    @property
    def peak(self) -> str:
        """The value that lay furthest beyond the limit."""
        return wording.figure(self.row.kind, self.row.peak)

    @property
    def lasted(self) -> float:
        """Seconds from its beginning to its end."""
        return ((self.row.resolved_at or self.row.seen_at) - self.row.started_at).total_seconds()


def visible() -> QuerySet[Alert]:
    """Those that may be seen, of the accounts that are looked at."""
    found = acknowledging.visible()
    if not sight.is_narrowed():
        return found
    return found.filter(accounts__overlap=[one.pk for one in sight.looked_at(held_accounts())])


def firing() -> tuple[list[Line], list[Line]]:
    """What is not over, the most severe first, then the newest; and what of it is silenced."""
    rows = sorted(visible().filter(resolved_at=None), key=lambda one: (_ORDER[one.severity], -one.fired_at.timestamp()))
    every = lines(rows)
    return [one for one in every if not _is_silenced(one.row)], [one for one in every if _is_silenced(one.row)]


def resolved(since: datetime, most: int) -> list[Line]:
    """What ended since then, the newest end first."""
    return lines(visible().filter(resolved_at__gt=since).order_by("-resolved_at")[:most])


def lines(rows: Iterable[Alert]) -> list[Line]:
    """Each with what became of telling it."""
    found = list(rows)
    told = outbox.deliveries_of(str(one.pk) for one in found)
    return [_line(one, told.get(str(one.pk), [])) for one in found]


def _line(row: Alert, deliveries: Sequence[Delivery]) -> Line:
    said = shown.said_of(row)
    limit = wording.figure(row.kind, row.threshold) if row.threshold is not None else ""
    newest = {one.channel_name: one for one in deliveries}
    held = _(_HELD[row.held_back]) if row.held_back in _HELD and row.resolved_at is None else ""
    return Line(
        row, MARKS[row.severity], wording.parts_of(said), wording.cause_of(said), wording.figure(row.kind, row.value),
        limit, [_told(one) for one in newest.values()], held,
    )  # fmt: skip


def _told(one: Delivery) -> Told:
    glyph, hue = _SENT[one.state]
    note = one.error
    if one.state == Delivery.State.SENT:
        note = _("in %(took)s") % {"took": took(one.ms)} if one.ms is not None else ""
    return Told(glyph, hue, one.channel_name, note)


def _is_silenced(row: Alert) -> bool:
    return row.held_back == "silenced"
