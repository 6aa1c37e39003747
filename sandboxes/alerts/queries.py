"""Figures by group: one statement for each kind of rule, built from where its sandboxes stand and what is counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_COLUMNS: Final = {
    "account": "a.name",
    "owner": "coalesce(s.owner, '')",
    "environment": "coalesce(s.environment, '')",
    "template": "s.template_shown",
}
_TABLES: Final = "sandboxes_sandbox s JOIN sandboxes_account a ON a.id = s.account_id"
# The newest sample of each running sandbox, in hundredths of a percent, as far as it is fresh.
_SAMPLES: Final = f"""(
    SELECT o.key, {{share}} AS share
    FROM sandboxes_newest_frames(%(accounts)s::bigint[], %(now)s) f
    CROSS JOIN LATERAL unnest(f.keys, f.ages, f.cpu, f.mem, f.mem_total, f.disk_share, f.disk_total)
        AS o (key, age, cpu, mem, mem_total, disk_share, disk_total)
    WHERE f.at > %(fresh)s AND o.age >= 0 AND f.at - o.age * interval '1 second' > %(fresh)s
) o JOIN {_TABLES} ON s.id = o.key"""
_SHARES: Final = {
    "cpu_pct": "o.cpu / 100.0",
    "mem_pct": "CASE WHEN o.mem_total > 0 THEN o.mem * 100.0 / o.mem_total END",
    "disk_pct": "CASE WHEN o.disk_total > 0 THEN o.disk_share / 300.0 END",
}


@dataclass(frozen=True)
class Source:
    """Which sandboxes a figure looks at (`tables`, `where`), the figure itself, which of them are `beyond` the limit,
    and which of those come first as examples."""

    value: str
    where: str
    tables: str = _TABLES
    beyond: str = "true"
    first: str = "s.started_at"


_ORPHAN: Final = "EXISTS (SELECT FROM sandboxes_orphan_held v WHERE v.sandbox_id = s.id)"
_PAUSED_FOR: Final = "extract(epoch FROM %(now)s - s.paused_at)::float8"
_LIFE_LEFT: Final = "(extract(epoch FROM s.started_at - %(now)s) + %(life)s)::float8"
RUNNING: Final = Source("count(*)::float8", "s.state = 'running'")
BURN: Final = Source("sum(s.burn_usd_per_hour)::float8", "s.state = 'running'", first="s.burn_usd_per_hour DESC")
ORPHANS: Final = Source("count(*)::float8", f"s.state IN ('running', 'paused') AND {_ORPHAN}")
PAUSED: Final = Source(
    f"max({_PAUSED_FOR})", "s.state = 'paused' AND s.paused_at IS NOT NULL", beyond=f"{_PAUSED_FOR} > %(limit)s",
    first="s.paused_at",
)  # fmt: skip
MAX_LIFE: Final = Source(f"min({_LIFE_LEFT})", "s.state = 'running'", beyond=f"{_LIFE_LEFT} < %(limit)s")
DEATHS: Final = Source(
    "count(*)::float8",
    "s.state = 'ended' AND s.ended_at > %(since)s AND s.ended_at <= %(now)s AND s.first_seen_at < s.ended_at"
    " AND (%(reasons)s::text[] IS NULL OR coalesce(s.end_reason, 'unknown') = ANY(%(reasons)s::text[]))",
    first="s.ended_at DESC",
)  # fmt: skip


def usage(metric: str, *, below: bool) -> Source:
    """Of `cpu_pct`, `mem_pct` or `disk_pct`: the fullest sandbox of a group, or the emptiest."""
    extreme, sign, order = ("min", "<", "") if below else ("max", ">", " DESC")
    return Source(
        f"{extreme}(o.share)::float8", "s.state = 'running' AND o.share IS NOT NULL",
        tables=_SAMPLES.format(share=_SHARES[metric]), beyond=f"o.share {sign} %(limit)s", first=f"o.share{order}",
    )  # fmt: skip


def group_of(keys: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The group of a sandbox `s` of account `a` as a text array, and the values that this needs."""
    columns: list[str] = []
    values: dict[str, Any] = {}
    for number, key in enumerate(keys):
        if key in _COLUMNS:
            columns.append(_COLUMNS[key])
        else:
            columns.append(f"coalesce(s.metadata ->> %(key{number})s, '')")
            values[f"key{number}"] = key.partition(".")[2]
    return f"ARRAY[{', '.join(columns)}]::text[]", values


def measured(source: Source, group: str, *, below: bool) -> str:
    """Of each group whose figure is beyond %(clear)s: group, figure, sandboxes beyond the limit, all of them, their
    accounts, and USD an hour of those beyond it. %(accounts)s are the ones that can be read."""
    return f"""
SELECT {group}, {source.value}, count(*) FILTER (WHERE {source.beyond}), count(*), array_agg(DISTINCT s.account_id),
       coalesce(sum(s.burn_usd_per_hour) FILTER (WHERE {source.beyond}), 0)::float8
FROM {source.tables} WHERE s.account_id = ANY(%(accounts)s) AND {source.where}
GROUP BY 1 HAVING {source.value} {"<" if below else ">"} %(clear)s"""


def examples(source: Source, group: str) -> str:
    """IDs of %(most)s sandboxes of group %(group)s that are beyond the limit."""
    return f"""
SELECT s.sandbox_id FROM {source.tables}
WHERE s.account_id = ANY(%(accounts)s) AND {source.where} AND {source.beyond} AND {group} = %(group)s::text[]
ORDER BY {source.first}, s.id LIMIT %(most)s"""


# An act's end has no time of its own: the last of what it has.
FAILED_ACTS: Final = """
SELECT t.account_id, count(*), array_agg(DISTINCT s.sandbox_id), max(t.error)
FROM sandboxes_action t JOIN sandboxes_sandbox s ON s.id = t.sandbox_id
WHERE t.account_id = ANY(%(accounts)s) AND t.state = 'failed' AND t.requested_at > %(oldest)s
  AND greatest(t.requested_at, t.sent_at, t.answered_at, t.confirmed_at) > %(since)s
  AND CASE %(kind)s WHEN 'came_back' THEN t.outcome = 'came_back' WHEN 'refused_starts' THEN t.rejection = 'at_capacity'
      ELSE t.outcome <> 'came_back' AND t.rejection <> 'at_capacity' END
GROUP BY 1"""
TRY_LOCK: Final = "SELECT pg_try_advisory_lock(%s)"
UNLOCK: Final = "SELECT pg_advisory_unlock(%s)"
