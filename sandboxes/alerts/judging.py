"""The round: every rule judged from what is on record, in a transaction of its own; one that fails hinders no other."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from sandboxes.alerts import book, firing, look, queries, telling
from sandboxes.alerts.firing import Step
from sandboxes.alerts.look import Look
from sandboxes.alerts.measures import Measured, measure, ours
from sandboxes.alerts.rules import KINDS, AlertRuleSpec, Figure, Level, RuleError, Watch, level_of, step
from sandboxes.core import database
from sandboxes.models import AlertClock, AlertRule, AlertWatch

log = logging.getLogger(__name__)
LOCK: Final = 24_226  # of PostgreSQL: it needs no Redis, and is free when its holder dies
MOST_CHARACTERS: Final = 500


def judge_all(now: datetime | None = None) -> bool:
    """Judges every enabled rule, then tells what is due. False where another worker is at it.

    Rules are judged before anything is told, so that what one of them holds back is held back for all.
    """
    if not database.row(queries.TRY_LOCK, [LOCK])[0]:
        return False
    try:
        began, at = time.process_time(), now or timezone.now()
        clock = _clock(at)
        _judge_rules(look.take(at), clock)
        telling.tell_all(at)
        ours.note_free(clock, at)
        clock.judged_at, clock.seconds = at, round(time.process_time() - began, 4)
        clock.save()
        return True
    finally:
        database.row(queries.UNLOCK, [LOCK])


def began(now: datetime) -> None:
    """We have just started: what fires within the next minutes is recorded, and told if it still fires after them."""
    AlertClock.objects.update_or_create(pk=1, defaults={"started_at": now})


def _clock(now: datetime) -> AlertClock:
    return AlertClock.objects.get_or_create(pk=1, defaults={"started_at": now})[0]


def _judge_rules(seen: Look, clock: AlertClock) -> None:
    for rule in AlertRule.objects.filter(enabled=True).order_by("pk"):
        error = ""
        try:
            with transaction.atomic():
                judge(rule, seen, clock)
        except RuleError as wrong:
            error = str(wrong)
        except Exception as failure:
            log.exception("alert rule %s could not be judged", rule.name)
            error = f"{type(failure).__name__}: {failure}"
        if error[:MOST_CHARACTERS] != rule.error:
            AlertRule.objects.filter(pk=rule.pk).update(error=error[:MOST_CHARACTERS])


def judge(rule: AlertRule, seen: Look, clock: AlertClock) -> None:
    """One rule: every group that is beyond its limit or was. Raises RuleError, and database errors."""
    spec = book.spec_of(rule)
    measured = {one.key: one for one in measure(spec, seen)}
    rows = {row.group_key: row for row in rule.watches.select_related("alert")}
    steps = [
        Step(key, found := measured.get(key), row := rows.get(key), _stepped(spec, seen, found, row))
        for key in sorted(measured.keys() | rows.keys())
    ]
    firing.apply(rule, spec, seen, clock, steps)


def _stepped(spec: AlertRuleSpec, seen: Look, found: Measured | None, row: AlertWatch | None) -> Watch | None:
    unknown = _unknown(spec, seen, row.accounts if row else ())
    level = Level.UNKNOWN if unknown else Level.CLEAR
    if found is not None:
        level = level_of(spec, _as_known(found.figure, partial=unknown or found.figure.partial))
    return step(watch_of(row), level, seen.now, spec.for_seconds)


def _as_known(figure: Figure, *, partial: bool) -> Figure:
    return Figure(value=figure.value, partial=True) if partial else figure


def _unknown(spec: AlertRuleSpec, seen: Look, accounts: Sequence[int]) -> bool:
    """Whether some account of the group can't be read now: what is missing from a figure may be there all the same."""
    if not KINDS[spec.kind].of_backend:
        return False
    there = [seen.seen[key] for key in accounts if key in seen.seen]
    return any(not (one.readable and (one.sampled or spec.kind != "usage")) for one in there)


def watch_of(row: AlertWatch | None) -> Watch | None:
    """The stored watch as the rules know it."""
    if row is None:
        return None
    return Watch(
        since=row.since, judged_at=row.judged_at, over=row.over_seconds, clear=row.clear_seconds, known=row.known,
        firing=row.alert_id is not None,
    )  # fmt: skip
