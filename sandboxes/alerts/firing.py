"""What a judgement changes on record: watches kept, alerts begun, brought up to date and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sandboxes.alerts import book
from sandboxes.alerts.look import Look
from sandboxes.alerts.measures import Measured, examples_of
from sandboxes.alerts.rules import AlertRuleSpec, Watch, threshold_of
from sandboxes.alerts.rules.spec import is_below
from sandboxes.alerts.rules.telling import is_crowd
from sandboxes.models import Alert, AlertClock, AlertRule, AlertWatch

CROWD: Final = "*"  # the group key of one alert over many groups


@dataclass(frozen=True)
class Step:
    """A group after a judgement: what was measured of it (None: it is clear, or not known), and its watch."""

    key: str
    measured: Measured | None
    row: AlertWatch | None
    after: Watch | None


def apply(rule: AlertRule, spec: AlertRuleSpec, seen: Look, clock: AlertClock, steps: Sequence[Step]) -> None:
    """Stores what the steps of one rule say, within the caller's transaction."""
    fresh = [one for one in steps if one.after and one.after.firing and (one.row is None or one.row.alert_id is None)]
    begun = _begin(rule, spec, seen, clock, fresh)
    _bring_up_to_date(spec, seen.now, steps)
    _keep(rule, steps, begun)
    _end(rule, seen.now)


def _begin(
    rule: AlertRule, spec: AlertRuleSpec, seen: Look, clock: AlertClock, fresh: Sequence[Step]
) -> dict[str, Alert]:
    """The alert of each group that fires now: one for all of them where they are too many to be told apart."""
    if not fresh:
        return {}
    crowd = Alert.objects.filter(rule=rule, group_key=CROWD, resolved_at=None).first()
    fired = Alert.objects.filter(rule=rule).exclude(group_key=CROWD)
    last_minute = fired.filter(fired_at__gt=seen.now - timedelta(minutes=1)).count()
    last_hour = fired.filter(fired_at__gt=seen.now - timedelta(hours=1)).count()
    if crowd is None and is_crowd(len(fresh), last_minute, last_hour):
        crowd = _alert_of_many(rule, spec, seen, clock, fresh)
    if crowd is not None:
        return dict.fromkeys((one.key for one in fresh), crowd)
    return {one.key: _alert(rule, spec, seen, clock, one) for one in fresh}


def _alert(rule: AlertRule, spec: AlertRuleSpec, seen: Look, clock: AlertClock, one: Step) -> Alert:
    assert one.measured is not None  # only what is known to be beyond the limit fires
    assert one.after is not None
    figure = one.measured.figure
    return Alert.objects.create(
        **_of_rule(rule, spec, seen, clock, figure.accounts), group=dict(one.measured.group), group_key=one.key,
        value=figure.value, peak=figure.value, count=figure.count, usd_per_hour=figure.usd_per_hour,
        told=dict(figure.told), started_at=one.after.since, examples=examples_of(spec, seen, one.measured),
    )  # fmt: skip


def _alert_of_many(rule: AlertRule, spec: AlertRuleSpec, seen: Look, clock: AlertClock, fresh: Sequence[Step]) -> Alert:
    found = [one.measured for one in fresh if one.measured is not None]
    worst = (min if is_below(spec) else max)(found, key=lambda one: one.figure.value)
    accounts = frozenset[int]().union(*(one.figure.accounts for one in found))
    value = worst.figure.value
    return Alert.objects.create(
        **_of_rule(rule, spec, seen, clock, accounts), group={}, group_key=CROWD, value=value, peak=value,
        count=sum(one.figure.count for one in found), usd_per_hour=sum(one.figure.usd_per_hour for one in found),
        told={"groups": len(found)}, started_at=min(one.after.since for one in fresh if one.after),
        examples=examples_of(spec, seen, worst),
    )  # fmt: skip


def _of_rule(
    rule: AlertRule, spec: AlertRuleSpec, seen: Look, clock: AlertClock, accounts: frozenset[int]
) -> dict[str, Any]:
    return {
        "rule": rule, "rule_name": spec.name, "kind": spec.kind, "severity": spec.severity, "fired_at": seen.now,
        "seen_at": seen.now, "threshold": threshold_of(spec), "accounts": sorted(accounts),
        "records_until": _records_until(rule, seen, clock, accounts),
    }  # fmt: skip


def _records_until(rule: AlertRule, seen: Look, clock: AlertClock, accounts: frozenset[int]) -> datetime:
    """A new rule, a new account and our own start only record at first."""
    new = [one.account.created_at + book.RECORDS_FOR for key, one in seen.seen.items() if key in accounts]
    return max([clock.started_at + book.RECORDS_FOR, *new, *([rule.records_until] if rule.records_until else [])])


def _bring_up_to_date(spec: AlertRuleSpec, now: datetime, steps: Sequence[Step]) -> None:
    """The figures of what fires already, as far as they are known now."""
    changed, crowd = [], [s for s in steps if s.row and s.row.alert and s.row.alert.group_key == CROWD and s.measured]
    for one in steps:
        alert = one.row.alert if one.row else None
        if alert is not None and one.measured is not None and alert.group_key != CROWD:
            _update(alert, spec, one.measured, now)
            changed.append(alert)
    if crowd and crowd[0].row and crowd[0].row.alert:
        alert, found = crowd[0].row.alert, [one.measured for one in crowd if one.measured]
        alert.count = sum(one.figure.count for one in found)
        alert.told = {"groups": len(found)}
        alert.seen_at = now
        changed.append(alert)
    fields = ["value", "peak", "count", "usd_per_hour", "told", "group", "accounts", "seen_at"]
    Alert.objects.bulk_update(changed, fields, batch_size=500)


def _update(alert: Alert, spec: AlertRuleSpec, measured: Measured, now: datetime) -> None:
    figure = measured.figure
    alert.value, alert.usd_per_hour = figure.value, figure.usd_per_hour
    alert.count = figure.count or alert.count  # near the limit none is beyond it, and it fires on
    alert.peak = (min if is_below(spec) else max)(alert.peak, figure.value)
    alert.group, alert.told, alert.seen_at = dict(measured.group), dict(figure.told), now
    alert.accounts = sorted({*alert.accounts, *figure.accounts})


def _keep(rule: AlertRule, steps: Sequence[Step], begun: dict[str, Alert]) -> None:
    """The watches as they are now; those with nothing left to watch go."""
    made: list[AlertWatch] = []
    changed: list[AlertWatch] = []
    gone: list[int] = []
    for one in steps:
        if one.after is None:
            gone += [one.row.pk] if one.row else []
            continue
        row = one.row or AlertWatch(rule=rule, group_key=one.key)
        row.since, row.judged_at, row.known = one.after.since, one.after.judged_at, one.after.known
        row.over_seconds, row.clear_seconds = one.after.over, one.after.clear
        row.alert = begun.get(one.key, row.alert)
        if one.measured is not None:
            row.accounts = sorted({*row.accounts, *one.measured.figure.accounts})
        (changed if row.pk else made).append(row)
    AlertWatch.objects.filter(pk__in=gone).delete()
    AlertWatch.objects.bulk_create(made, batch_size=500)
    fields = ["since", "judged_at", "known", "over_seconds", "clear_seconds", "alert", "accounts"]
    AlertWatch.objects.bulk_update(changed, fields, batch_size=500)


def _end(rule: AlertRule, now: datetime) -> None:
    """Alerts of which no group is left are over."""
    over = Alert.objects.filter(rule=rule, resolved_at=None, watches=None)
    over.update(state=Alert.State.RESOLVED, resolved_at=now)
