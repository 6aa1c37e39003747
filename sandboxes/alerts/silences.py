"""Silences: made, ended, and which of them covers an alert."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db.models import Q, QuerySet
from django.utils import timezone

from sandboxes.alerts.rules.matching import Matched, MatchError, SilenceMatch, covers, parse_match
from sandboxes.core import sight
from sandboxes.models import Account, Alert, Silence

LONGEST: Final = timedelta(days=30)
MOST_REASON: Final = 1000


class NotOver(ValueError):
    """It ended already."""


def make(match: object, until: datetime, reason: str, by: str, accounts: Iterable[int] | None) -> Silence:
    """A silence from now on, of alerts of these accounts alone (None: of all).

    Raises MatchError for a match that is none, an end that has passed or lies more than 30 days ahead, and no reason.
    """
    now = timezone.now()
    parsed = parse_match(match)
    if not now < until <= now + LONGEST:
        raise MatchError(f"until must lie ahead, and at most {LONGEST.days} days")
    if not reason.strip() or len(reason) > MOST_REASON or "\0" in reason:
        raise MatchError(f"reason is missing: say in at most {MOST_REASON} characters why nobody is to be told")
    held = None if accounts is None else sorted(accounts)
    plain: dict[str, Any] = msgspec.to_builtins(parsed)
    return Silence.objects.create(match=plain, since=now, until=until, reason=reason.strip(), made_by=by, accounts=held)


def end(silence: Silence, by: str) -> None:
    """It silences nothing any more; it stays on record. Raises NotOver where it has ended already."""
    now = timezone.now()
    if not Silence.objects.filter(pk=silence.pk, until__gt=now).update(until=now, ended_by=by):
        raise NotOver("the silence has ended already")


def visible() -> QuerySet[Silence]:
    """Those that whoever asks may see: made for an account of theirs, or for all."""
    held = sight.everything()
    if held is None:
        return Silence.objects.all()
    return Silence.objects.filter(Q(accounts=None) | Q(accounts__overlap=sorted(held)))


def active(now: datetime) -> list[tuple[Silence, SilenceMatch]]:
    """Those that silence now, the one that lasts longest first."""
    found = Silence.objects.filter(since__lte=now, until__gt=now).order_by("-until")
    return [(one, parse_match(one.match)) for one in found]


def covering(alert: Alert, silences: Sequence[tuple[Silence, SilenceMatch]], names: dict[int, str]) -> Silence | None:
    """The silence that covers the alert; None: nobody silenced it."""
    asked = matched(alert, names)
    for silence, match in silences:
        reaches = silence.accounts is None or (alert.accounts and set(alert.accounts) <= set(silence.accounts))
        if reaches and covers(match, asked):
            return silence
    return None


def matched(alert: Alert, names: dict[int, str]) -> Matched:
    """What silences and routes ask of an alert."""
    accounts = frozenset(names[key] for key in alert.accounts if key in names)
    return Matched(alert.rule_name, accounts, alert.group, alert.severity)


def account_names() -> dict[int, str]:
    """Of every account, deleted ones too."""
    return dict(Account.with_deleted.values_list("pk", "name"))
