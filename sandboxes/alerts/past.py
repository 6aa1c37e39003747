"""The past of a rule's figures, group by group, as segments: from runs, pauses, verdicts, deaths, acts and roll-ups."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import UNSET

from sandboxes.alerts import queries, queries_past
from sandboxes.alerts.measures.accounts import FAILED_WITHIN
from sandboxes.alerts.measures.fleet import PLAN_SECONDS
from sandboxes.alerts.rules import AlertRuleSpec
from sandboxes.alerts.rules.replay import Group, Segment, Span, counted
from sandboxes.alerts.rules.spec import groups_of, is_below, threshold_of
from sandboxes.core import database
from sandboxes.models import Account

BY_SPANS: Final = {"running", "burn", "orphans", "deaths"}
BY_AGE: Final = {"paused_older_than", "max_life"}
BY_ACTS: Final = {"action_failed", "came_back", "refused_starts"}
STEPS: Final = {"template": "template", "owner": "owner"}


def known(spec: AlertRuleSpec) -> bool:
    """Whether the record tells the figures of such a rule; the history of any other is that of its own alerts."""
    if spec.kind == "usage":
        return (
            not set(groups_of(spec)) - {"account", "template", "owner"} and len(set(groups_of(spec)) - {"account"}) < 2
        )
    return spec.kind in BY_SPANS | BY_AGE | BY_ACTS


def segments(
    spec: AlertRuleSpec, accounts: Sequence[Account], since: datetime, until: datetime
) -> dict[Group, list[Segment]]:
    """Each group's figure in [since, until)."""
    given: dict[str, Any] = {"accounts": [one.pk for one in accounts], "since": since, "until": until}
    if spec.kind == "usage":
        return _of_samples(spec, given)
    if spec.kind in BY_ACTS:
        rows = database.rows(queries_past.FAILED_ACTS, given | {"kind": spec.kind})
        return _counted([((name,), Span(at, at + FAILED_WITHIN)) for name, at in rows], since, until)
    if spec.above_pct_of_cap is not UNSET:
        return _of_caps(spec, accounts, given)
    spans = [(tuple(names), Span(begin, end, weight)) for names, begin, end, weight in _rows(spec, given)]
    return _by_age(spec, spans, until) if spec.kind in BY_AGE else _counted(spans, since, until)


def _rows(spec: AlertRuleSpec, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    group, values = queries.group_of(groups_of(spec))
    given = given | values
    match spec.kind:
        case "orphans":
            return database.rows(queries_past.orphans(group), given)
        case "paused_older_than":
            return database.rows(queries_past.pauses(group), given)
        case "deaths":
            window = timedelta(seconds=spec.window_seconds if spec.window_seconds is not UNSET else 0)
            reasons = list(spec.reasons) if spec.reasons is not UNSET else None
            rows = database.rows(queries_past.deaths(group), given | {"reasons": reasons})
            return [(names, begin, end + window, weight) for names, begin, end, weight in rows]
    return database.rows(queries_past.runs(group, burn=spec.kind == "burn"), given)


def _counted(spans: Sequence[tuple[Group, Span]], since: datetime, until: datetime) -> dict[Group, list[Segment]]:
    by_group: dict[Group, list[Span]] = defaultdict(list)
    for group, span in spans:
        by_group[group].append(span)
    return {group: counted(found, since, until) for group, found in by_group.items()}


def _by_age(spec: AlertRuleSpec, spans: Sequence[tuple[Group, Span]], until: datetime) -> dict[Group, list[Segment]]:
    """Beyond the limit is a group while one of its sandboxes is: its figure then is that of the worst at the end."""
    limit = threshold_of(spec) or 0.0
    life = spec.max_life_seconds if spec.max_life_seconds is not UNSET else PLAN_SECONDS
    lead = timedelta(seconds=limit if spec.kind == "paused_older_than" else max(0.0, life - limit))
    by_group: dict[Group, list[Span]] = defaultdict(list)
    for group, one in spans:
        if one.since + lead < one.until:
            by_group[group].append(Span(one.since + lead, one.until))
    found: dict[Group, list[Segment]] = {}
    for group, late in by_group.items():
        begin = min(one.since for one in late)
        found[group] = [
            Segment(one.since, one.until, _age(spec, one.until, late, lead))
            for one in counted(late, begin, until)
            if one.value
        ]
    return found


def _age(spec: AlertRuleSpec, at: datetime, late: Sequence[Span], lead: timedelta) -> float:
    oldest = min(one.since for one in late if one.since < at <= one.until) - lead
    age = (at - oldest).total_seconds()
    life = spec.max_life_seconds if spec.max_life_seconds is not UNSET else PLAN_SECONDS
    return age if spec.kind == "paused_older_than" else life - age


def _of_caps(spec: AlertRuleSpec, accounts: Sequence[Account], given: dict[str, Any]) -> dict[Group, list[Segment]]:
    """Of each account with a cap, by the cap that it has now; without a group of all of them together."""
    caps = {one.name: one.cap for one in accounts if one.cap}
    group, _ = queries.group_of(["account"])
    rows = database.rows(queries_past.runs(group, burn=False), given)
    together = not groups_of(spec)
    spans = [(() if together else tuple(names), Span(begin, end)) for names, begin, end, _ in rows if names[0] in caps]
    cap_of: dict[Group, int] = {(name,): cap for name, cap in caps.items()} | {(): sum(caps.values())}
    return {
        group: [Segment(one.since, one.until, one.value * 100.0 / cap_of[group]) for one in found]
        for group, found in _counted(spans, given["since"], given["until"]).items()
    }


def _of_samples(spec: AlertRuleSpec, given: dict[str, Any]) -> dict[Group, list[Segment]]:
    """The fullest sample of each minute, or of each longer step where minutes are past their age."""
    keys, below = groups_of(spec), is_below(spec)
    kind = next((STEPS[key] for key in keys if key in STEPS), None)
    if kind is None:
        statement = queries_past.usage_of_accounts(str(spec.metric), below=below)
        rows = [({"account": row[0]}, *row[1:]) for row in database.rows(statement, given)]
    else:
        statement = queries_past.usage_of_groups(str(spec.metric), below=below)
        rows = [({"account": r[0], kind: r[1]}, *r[2:]) for r in database.rows(statement, given | {"kind": kind})]
    return _finest(keys, rows, max if not below else min)


def _finest(keys: Sequence[str], rows: Sequence[tuple[Any, ...]], worst: Any) -> dict[Group, list[Segment]]:
    """Of steps that overlap in an hour the shortest; the worst of several accounts at one time."""
    hours: dict[tuple[Group, datetime], dict[int, dict[datetime, float]]] = defaultdict(dict)
    for names, at, seconds, value in rows:
        group = tuple(names.get(key, "") for key in keys)
        steps = hours[group, at.replace(minute=0, second=0, microsecond=0)].setdefault(seconds, {})
        steps[at] = worst(steps[at], value) if at in steps else value
    found: dict[Group, list[Segment]] = defaultdict(list)
    for (group, _), by_length in sorted(hours.items(), key=lambda one: one[0]):
        seconds = min(by_length)
        step = timedelta(seconds=seconds)
        found[group] += [Segment(at, at + step, value) for at, value in sorted(by_length[seconds].items())]
    return dict(found)


Steps = Mapping[Group, Sequence[Segment]]
