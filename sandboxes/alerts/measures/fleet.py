"""Figures of sandboxes, counted by the database: a round fetches only groups that are beyond a limit, or nearly."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from msgspec import UNSET

from sandboxes.alerts import queries
from sandboxes.alerts.look import Look, Seen
from sandboxes.alerts.measures.shapes import MOST_EXAMPLES, Measured, one
from sandboxes.alerts.rules import AlertRuleSpec, Figure, resolve_limit, threshold_of
from sandboxes.alerts.rules.spec import groups_of, is_below
from sandboxes.core import database

PLAN_SECONDS: Final = 86_400  # E2B Pro: a run ends after 24 h at the latest (`e2b/README.md`, section 1)
_SOURCES: Final = {
    "running": queries.RUNNING, "burn": queries.BURN, "orphans": queries.ORPHANS, "paused_older_than": queries.PAUSED,
    "max_life": queries.MAX_LIFE, "deaths": queries.DEATHS,
}  # fmt: skip


def by_group(spec: AlertRuleSpec, look: Look) -> list[Measured]:
    """Groups whose figure is not clear of the limit, over the accounts that can be read."""
    seen = _readable(spec, look)
    if spec.above_pct_of_cap is not UNSET:
        return _of_cap(spec, look, seen)
    keys, source = groups_of(spec), source_of(spec)
    group, values = queries.group_of(keys)
    statement = queries.measured(source, group, below=is_below(spec))
    given = _given(spec, look, seen) | values | {"clear": resolve_limit(spec)}
    return [
        one(dict(zip(keys, names, strict=True)), Figure(
            value=value, count=beyond, of=total, accounts=frozenset(accounts), usd_per_hour=usd))
        for names, value, beyond, total, accounts, usd in database.rows(statement, given)
    ]  # fmt: skip


def examples(spec: AlertRuleSpec, look: Look, group: Mapping[str, str]) -> list[str]:
    """IDs of ten sandboxes of the group at most, the ones furthest beyond the limit first."""
    keys = groups_of(spec)
    text, values = queries.group_of(keys)
    given = _given(spec, look, look.of(spec.accounts)) | values
    wanted = {"group": [group.get(key, "") for key in keys], "most": MOST_EXAMPLES}
    return [row[0] for row in database.rows(queries.examples(source_of(spec), text), given | wanted)]


def source_of(spec: AlertRuleSpec) -> queries.Source:
    """Which sandboxes it looks at."""
    if spec.kind == "usage":
        return queries.usage(str(spec.metric), below=is_below(spec))
    return _SOURCES[spec.kind]


def _readable(spec: AlertRuleSpec, look: Look) -> list[Seen]:
    sampled = spec.kind == "usage"
    return [seen for seen in look.of(spec.accounts) if seen.readable and (seen.sampled or not sampled)]


def _given(spec: AlertRuleSpec, look: Look, seen: Sequence[Seen]) -> dict[str, Any]:
    window = spec.window_seconds if spec.window_seconds is not UNSET else 0
    return {
        "accounts": [one.account.pk for one in seen], "now": look.now, "fresh": look.fresh(),
        "limit": threshold_of(spec), "since": look.now - timedelta(seconds=window),
        "reasons": list(spec.reasons) if spec.reasons is not UNSET else None,
        "life": spec.max_life_seconds if spec.max_life_seconds is not UNSET else PLAN_SECONDS,
    }  # fmt: skip


def _of_cap(spec: AlertRuleSpec, look: Look, seen: Sequence[Seen]) -> list[Measured]:
    """The share of its cap that each account with a cap runs; with no group that of all of them together."""
    capped = {one.account.pk: one.account for one in seen if one.account.cap}
    group, _ = queries.group_of(["account"])
    statement = queries.measured(queries.RUNNING, group, below=False)
    given = _given(spec, look, seen) | {"accounts": list(capped), "clear": 0.0}
    by_name = {row[0][0]: row for row in database.rows(statement, given)}
    shares = [(account, int(by_name[account.name][1]) if account.name in by_name else 0, by_name.get(account.name))
              for account in capped.values()]  # fmt: skip
    if groups_of(spec):
        return [
            one({"account": account.name}, _share(running, account.cap or 0, [account.pk], row[5] if row else 0.0))
            for account, running, row in shares
        ]
    if not shares:
        return []
    running, cap = sum(n for _, n, _ in shares), sum(account.cap or 0 for account in capped.values())
    return [one({}, _share(running, cap, list(capped), sum(row[5] for _, _, row in shares if row)))]


def _share(running: int, cap: int, accounts: Sequence[int], usd: float) -> Figure:
    return Figure(
        value=running * 100.0 / cap, count=running, of=cap, accounts=frozenset(accounts), usd_per_hour=usd,
        told={"running": running, "cap": cap},
    )  # fmt: skip
