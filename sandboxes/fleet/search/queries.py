"""The list's SQL: which sandboxes match a query, in which order, and after which row a page begins.

Only what a query needs is joined. The newest samples stand in the newest frame of each account and shard, not on the
sandbox's row, so they are unnested when something filters or orders by them.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sandboxes.fleet.search.place import Place
from sandboxes.fleet.search.query import SandboxQuery, any_of

NEWEST_FRAMES: Final = "sandboxes_newest_frames(%(accounts)s::bigint[], %(as_of)s)"

KEYS: Final = "SELECT unnest(%s::int[])"

# Each array that is unnested costs as much as the next: memory is left out where only CPU is asked for.
_LATEST_CPU: Final = f"""
    SELECT u.key, u.cpu / 100.0::float8 AS cpu_pct
    FROM {NEWEST_FRAMES} f CROSS JOIN LATERAL unnest(f.keys, f.ages, f.cpu) AS u (key, age, cpu)
    WHERE u.age >= 0"""
_LATEST: Final = f"""
    SELECT u.key, u.cpu / 100.0::float8 AS cpu_pct, u.mem::bigint AS mem_used, u.mem_total::bigint AS mem_total
    FROM {NEWEST_FRAMES} f
    CROSS JOIN LATERAL unnest(f.keys, f.ages, f.cpu, f.mem, f.mem_total) AS u (key, age, cpu, mem, mem_total)
    WHERE u.age >= 0"""
_CPU: Final = "CASE WHEN m.key IS NULL THEN s.cpu_pct ELSE m.cpu_pct END"
_MEM: Final = (
    "CASE WHEN m.key IS NULL THEN 100.0 * s.mem_used / nullif(s.mem_total, 0)"
    " ELSE 100.0 * m.mem_used / nullif(m.mem_total, 0) END::float8"
)

# A paused one has none to give.
_NO_SAMPLE: Final = "(s.state = 'running' AND m.key IS NULL AND s.sampled_at IS NULL)"

# What the current run costs so far, each second by the price that held in it. `closed_cost_usd` has the ended runs.
_COST: Final = """(s.closed_cost_usd + CASE WHEN s.state = 'running' THEN (
    SELECT coalesce(sum(
        (p.usd_per_vcpu_second * coalesce(s.cpu_count, 0) + p.usd_per_gib_second * coalesce(s.memory_mb, 0) / 1024)
        * greatest(0, extract(epoch FROM least(p.until, %(as_of)s) - greatest(p.since, s.started_at)))), 0)
    FROM prices p WHERE p.account_id = s.account_id) ELSE 0 END)::float8"""
_PRICES: Final = "prices AS MATERIALIZED (SELECT * FROM sandboxes_account_price_span)"

# Order → its expression, its type when a cursor is compared with it, and whether it can be null.
_ORDERS: Final[dict[str, tuple[str, str, bool]]] = {
    "started_at": ("s.started_at", "timestamptz", False),
    "created_at": ("s.created_at", "timestamptz", False),
    "end_at": ("CASE WHEN s.state <> 'paused' THEN s.end_at END", "timestamptz", True),
    "ended_at": ("s.ended_at", "timestamptz", True),
    "cpu_pct": (_CPU, "float8", True),
    "mem_pct": (_MEM, "float8", True),
    "cost_usd": (_COST, "float8", False),
    "burn_usd_per_hour": ("s.burn_usd_per_hour::float8", "float8", False),
    "id": ('s.sandbox_id COLLATE "C"', "text", False),
}
# As the view `sandboxes_orphan_now` has it, of the sandbox that is at hand.
HELD_FOR_ORPHAN: Final = """(s.state <> 'ended' AND EXISTS (
    SELECT FROM sandboxes_orphan_held o WHERE o.sandbox_id = s.id))"""
_PLAIN_WORDS: Final = {
    "owner": "s.owner", "environment": "s.environment", "reason": "coalesce(s.end_reason, 'unknown')",
    "cause": "s.probable_cause ->> 'cause'",
}  # fmt: skip
_PROTECTED: Final = """EXISTS (
    SELECT FROM sandboxes_guard g WHERE g.id = s.guard_id AND g.protected
    AND (g.protected_until IS NULL OR g.protected_until > %(now)s))"""
_FOUND: Final = "(s.sandbox_id ILIKE %(q)s OR s.alias ILIKE %(q)s OR s.owner ILIKE %(q)s OR ({metadata}))"
_IN_METADATA: Final = """EXISTS (
    SELECT FROM jsonb_each_text(s.metadata) AS e WHERE e.key || '=' || e.value ILIKE %(q)s)"""
# Looking at the whole text first is ten times quicker; it only can't see what JSON escapes, and our own `=`.
_NOT_AS_WRITTEN: Final = re.compile(r'["\\=\x00-\x1f\x7f]')


# What can be counted by.
GROUPS: Final = _PLAIN_WORDS | {"state": "s.state", "template": "s.template_shown"}


@dataclass
class Statement:
    """A query as SQL: the parts of one SELECT over `sandboxes_sandbox s`, and its parameters by name."""

    where: list[str]
    order_by: str
    order_type: str
    order_nulls: bool
    descending: bool
    parameters: dict[str, Any] = field(default_factory=dict)

    def needs(self, text: str, *, ordered: bool = True) -> bool:
        return (ordered and text in self.order_by) or any(text in part for part in self.where)

    def body(self, *, ordered: bool) -> str:
        """`FROM … WHERE …` with the joins it needs: what is only counted needs none for its order."""
        join = ""
        if self.needs("m.key", ordered=ordered):
            latest = _LATEST if self.needs("m.mem_used", ordered=ordered) else _LATEST_CPU
            join = f"LEFT JOIN ({latest}) m ON m.key = s.id"
        return f"FROM sandboxes_sandbox s {join} WHERE {' AND '.join(self.where)}"


def statement(query: SandboxQuery, accounts: Sequence[int], *, now: datetime, as_of: datetime) -> Statement:
    """`accounts` are the keys of those that may be seen; `as_of` is when moving figures are read."""
    expression, kind, nulls = _ORDERS[query.by]
    made = Statement(
        where=["s.account_id = ANY(%(accounts)s)", "s.state = ANY(%(states)s)"],
        order_by=expression,
        order_type=kind,
        order_nulls=nulls,
        descending=query.descending,
        parameters={"accounts": list(accounts), "states": list(query.states), "now": now, "as_of": as_of},
    )
    _add_words(made, query)
    _add_times(made, query, now)
    _add_samples(made, query)
    for wanted, condition in ((query.orphan, HELD_FOR_ORPHAN), (query.protected, _PROTECTED)):
        if wanted is not None:
            made.where.append(condition if wanted else f"NOT {condition}")
    return made


def _add_words(made: Statement, query: SandboxQuery) -> None:
    if query.template is not None:
        made.where.append("(s.template_id = ANY(%(template)s) OR s.template_shown = ANY(%(template)s))")
        made.parameters["template"] = any_of(query.template)
    for name, column in _PLAIN_WORDS.items():
        if (value := getattr(query, name)) is not None:
            made.where.append(f"{column} = ANY(%({name})s)")
            made.parameters[name] = any_of(value)
    if query.metadata:
        made.where.append("s.metadata @> %(metadata)s::jsonb")
        made.parameters["metadata"] = json.dumps(dict(query.metadata))
    if query.q:
        whole = "" if _NOT_AS_WRITTEN.search(query.q) else "s.metadata::text ILIKE %(q)s AND "
        made.where.append(_FOUND.format(metadata=whole + _IN_METADATA))
        escaped = query.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        made.parameters["q"] = f"%{escaped}%"


def _add_times(made: Statement, query: SandboxQuery, now: datetime) -> None:
    if query.age_min is not None:
        made.where.append("s.created_at <= %(born_by)s")
        made.parameters["born_by"] = now - timedelta(seconds=query.age_min)
    if query.age_max is not None:
        made.where.append("s.created_at >= %(born_since)s")
        made.parameters["born_since"] = now - timedelta(seconds=query.age_max)
    if query.ends_within is not None:
        made.where.append("s.state = 'running' AND s.end_at > %(now)s AND s.end_at <= %(ends_by)s")
        made.parameters["ends_by"] = now + timedelta(seconds=query.ends_within)
    if query.past_end is not None:
        made.where.append("s.state = 'running' AND s.end_at <= %(overdue)s")
        made.parameters["overdue"] = now - timedelta(seconds=query.past_end)
    for column in ("created", "ended"):
        for bound, sign in (("since", ">="), ("until", "<")):
            name = f"{column}_{bound}"
            if (moment := getattr(query, name)) is not None:
                made.where.append(f"s.{column}_at {sign} %({name})s")
                made.parameters[name] = moment


def _add_samples(made: Statement, query: SandboxQuery) -> None:
    for name, expression, sign in (("cpu_min", _CPU, ">="), ("cpu_max", _CPU, "<"), ("mem_min", _MEM, ">=")):
        if (limit := getattr(query, name)) is not None:
            made.where.append(f"{expression} {sign} %({name})s")
            made.parameters[name] = limit
    if query.idle_keys is not None:
        made.where.append("s.id = ANY(%(idle_keys)s)")
        made.parameters["idle_keys"] = list(query.idle_keys)
    if query.no_sample is not None:
        made.where.append(f"{_NO_SAMPLE} = {'true' if query.no_sample else 'false'}")


def page_sql(made: Statement, place: Place | None, limit: int, skip: int = 0) -> tuple[str, dict[str, Any]]:
    """Keys and order values of one page, in order; asks for one row more than `limit`, to know of a next page.

    `skip` rows are left out first: a scroll bar that is dragged goes where no cursor leads yet. Values that are null
    come last in both directions; equal values go by key, ascending.
    """
    parameters = made.parameters | {"limit": limit + 1, "skip": skip}
    after = ""
    if place is not None:
        parameters |= {"value": place.value, "key": place.key}
        after = f"WHERE {_after(made, place)}"
    priced = f"WITH {_PRICES} " if made.needs("FROM prices p") else ""
    direction = "DESC" if made.descending else "ASC"
    rows = f"SELECT s.id, {made.order_by} AS value {made.body(ordered=True)}"
    order = f"ORDER BY value {direction} NULLS LAST, id LIMIT %(limit)s OFFSET %(skip)s"
    return f"{priced}SELECT id, value FROM ({rows}) rows {after} {order}", parameters


def _after(made: Statement, place: Place) -> str:
    if place.value is None:
        return "value IS NULL AND id > %(key)s"
    value, sign = f"%(value)s::{made.order_type}", "<" if made.descending else ">"
    tail = " OR value IS NULL" if made.order_nulls else ""
    return f"(value {sign} {value} OR (value = {value} AND id > %(key)s){tail})"


def count_sql(made: Statement) -> tuple[str, dict[str, Any]]:
    """How many match."""
    return f"SELECT count(*) {made.body(ordered=False)}", made.parameters


def grouped_sql(made: Statement, columns: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """How many match of each value, or combination of values, of these of GROUPS."""
    asked = ", ".join(GROUPS[name] for name in columns)
    places = ", ".join(str(place + 1) for place in range(len(columns)))
    return f"SELECT {asked}, count(*) {made.body(ordered=False)} GROUP BY {places}", made.parameters


def of_key_sql(made: Statement, key: str, most: int) -> tuple[str, dict[str, Any]]:
    """How many match of each value of this metadata key, the commonest `most`."""
    asked = "SELECT s.metadata ->> %(of_key)s AS value, count(*)"
    order = "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s"
    return (
        f"{asked} {made.body(ordered=False)} AND s.metadata ? %(of_key)s {order}",
        made.parameters | {"of_key": key, "most": most},
    )


def keys_sql(made: Statement) -> tuple[str, dict[str, Any]]:
    """The keys of all that match, ascending."""
    return f"SELECT s.id {made.body(ordered=False)} ORDER BY s.id", made.parameters
