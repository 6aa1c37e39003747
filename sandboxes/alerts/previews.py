"""What a rule would tell: who is beyond its limit now, and what it would have fired in the last seven days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from sandboxes.alerts import look, past, routes
from sandboxes.alerts.look import Look
from sandboxes.alerts.measures import measure
from sandboxes.alerts.rules import AlertRuleSpec, Level, level_of
from sandboxes.alerts.rules.matching import channels_for
from sandboxes.alerts.rules.replay import Episode, Group, episodes, totals
from sandboxes.alerts.rules.spec import groups_of
from sandboxes.models import Alert

SPAN: Final = timedelta(days=7)
MOST_EPISODES: Final = 500


class NowBeyond(msgspec.Struct, frozen=True):
    """A group that is beyond the limit now, and its figure."""

    group: dict[str, str]
    value: float


class PastEpisode(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """An alert that would have fired; `to` is null while it would still fire. `default`: no channel of the rule's own
    and no route fits, so it falls to the default ones."""

    group: dict[str, str]
    since: datetime
    until: datetime | None
    peak: float
    channels: list[str]
    default: bool


class AlertHistory(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """`fired` and `firing_seconds` count all of it; `episodes` are the newest 500. `record`: the figures were judged
    anew from the record; false where only alerts of this kind that were recorded at their time can tell."""

    since: datetime
    until: datetime
    fired: int
    firing_seconds: float
    episodes: list[PastEpisode]
    record: bool


class AlertPreview(msgspec.Struct, frozen=True):
    """REST contract, "Alerts"."""

    now: list[NowBeyond]
    history: AlertHistory


def preview(spec: AlertRuleSpec, now: datetime) -> AlertPreview:
    """Over the accounts in sight; nothing is stored. Raises database errors."""
    seen = look.take(now)
    since = max([now - SPAN, *_known_since(spec, seen)])
    found = _past(spec, seen, since, now)
    fired, seconds = totals(found, now)
    told = [_told(spec, group, one) for group, every in found.items() for one in every]
    told.sort(key=lambda one: one.since, reverse=True)
    history = AlertHistory(since, now, fired, round(seconds, 1), told[:MOST_EPISODES], past.known(spec))
    return AlertPreview([*_beyond(spec, seen)], history)


def _known_since(spec: AlertRuleSpec, seen: Look) -> list[datetime]:
    """Our record of the accounts begins with them: the earliest of all."""
    begun = [one.account.created_at for one in seen.of(spec.accounts)]
    return [min(begun)] if begun and not past.known(spec) else []


def _beyond(spec: AlertRuleSpec, seen: Look) -> Sequence[NowBeyond]:
    over = [one for one in measure(spec, seen) if level_of(spec, one.figure) is Level.OVER]
    return [NowBeyond(dict(one.group), round(one.figure.value, 6)) for one in over]


def _past(spec: AlertRuleSpec, seen: Look, since: datetime, now: datetime) -> dict[Group, list[Episode]]:
    if not past.known(spec):
        return _recorded(spec, seen, since)
    accounts = [one.account for one in seen.of(spec.accounts)]
    figures = past.segments(spec, accounts, since, now)
    found = {group: episodes(spec, segments, since, now) for group, segments in figures.items()}
    return {group: every for group, every in found.items() if every}


def _recorded(spec: AlertRuleSpec, seen: Look, since: datetime) -> dict[Group, list[Episode]]:
    """Alerts of this kind, whichever rule fired them."""
    keys = sorted(one.account.pk for one in seen.of(spec.accounts))
    alerts = Alert.objects.filter(kind=spec.kind, fired_at__gt=since, accounts__contained_by=keys).order_by("fired_at")
    found: dict[Group, list[Episode]] = {}
    for one in alerts:
        group = tuple(one.group.get(key, "") for key in groups_of(spec))
        found.setdefault(group, []).append(Episode(one.started_at, one.resolved_at, one.peak))
    return found


def _told(spec: AlertRuleSpec, group: Group, one: Episode) -> PastEpisode:
    names = dict(zip(groups_of(spec), group, strict=True))
    channels, fell = channels_for(routes.routes(), spec.channels, spec.route_by, names)
    return PastEpisode(names, one.since, one.until, round(one.peak, 6), channels, fell)
