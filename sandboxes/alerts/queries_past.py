"""What the figures of rules were in the past: spans of runs, pauses, orphans and deaths, and roll-ups of samples."""

from typing import Final

_FROM: Final = "sandboxes_sandbox s JOIN sandboxes_account a ON a.id = s.account_id"
_OURS: Final = "s.account_id = ANY(%(accounts)s)"


def runs(group: str, *, burn: bool) -> str:
    """Group, begin, end and weight of every run: one, or its USD an hour at the price of its beginning."""
    price = (
        "JOIN sandboxes_account_price_span p"
        " ON p.account_id = a.id AND p.since <= e.started_at AND e.started_at < p.until"
    )
    cost = (
        "((coalesce(e.cpu_count, s.cpu_count, 0) * p.usd_per_vcpu_second"
        " + coalesce(e.memory_mb, s.memory_mb, 0) / 1024.0 * p.usd_per_gib_second) * 3600)::float8"
    )
    return f"""
SELECT {group}, e.started_at, coalesce(e.ended_at, %(until)s), {cost if burn else "1.0::float8"}
FROM {_FROM} JOIN sandboxes_execution e ON e.sandbox_id = s.id {price if burn else ""}
WHERE {_OURS} AND e.started_at < %(until)s AND (e.ended_at IS NULL OR e.ended_at > %(since)s)"""


def pauses(group: str) -> str:
    """Group, begin and end of every pause."""
    return f"""
SELECT {group}, e.ended_at,
       least(coalesce(e.following, s.ended_at, %(until)s), coalesce(s.ended_at, %(until)s)), 1.0::float8
FROM {_FROM} JOIN (
    SELECT sandbox_id, ended_at, ended_by,
           lead(started_at) OVER (PARTITION BY sandbox_id ORDER BY started_at) AS following
    FROM sandboxes_execution
) e ON e.sandbox_id = s.id
WHERE {_OURS} AND e.ended_by = 'paused' AND e.ended_at < %(until)s
  AND coalesce(e.following, s.ended_at, %(until)s) > %(since)s"""


def orphans(group: str) -> str:
    """Group, begin and end of every time that somebody was held for an orphan, each policy's once."""
    return f"""
SELECT {group}, min(o.since),
       least(coalesce(max(coalesce(o.until, %(until)s)), %(until)s), coalesce(s.ended_at, %(until)s)), 1.0::float8
FROM {_FROM} JOIN sandboxes_orphan_span o ON o.sandbox_id = s.id
WHERE {_OURS} AND o.since < %(until)s AND (o.until IS NULL OR o.until > %(since)s)
GROUP BY s.id, a.name"""


def deaths(group: str) -> str:
    """Group, and twice the time of every death of these reasons."""
    return f"""
SELECT {group}, s.ended_at, s.ended_at, 1.0::float8 FROM {_FROM}
WHERE {_OURS} AND s.ended_at > %(since)s AND s.ended_at <= %(until)s AND s.first_seen_at < s.ended_at
  AND (%(reasons)s::text[] IS NULL OR coalesce(s.end_reason, 'unknown') = ANY(%(reasons)s::text[]))"""


# By account, from its minutes; the rest of them where those are past their age.
_FIGURES: Final = {
    "cpu_pct": ("cpu_min", "cpu_max"), "mem_pct": ("mem_min", "mem_max"), "disk_pct": ("disk_min", "disk_max"),
}  # fmt: skip


def usage_of_accounts(metric: str, *, below: bool) -> str:
    """Account, minute, its length in seconds, and the fullest (emptiest) sample of it."""
    column = _FIGURES[metric][0 if below else 1]
    return f"""
SELECT a.name, m.minute, 60, m.{column} FROM sandboxes_fleetminute m JOIN sandboxes_account a ON a.id = m.account_id
WHERE m.account_id = ANY(%(accounts)s) AND m.minute >= %(since)s AND m.minute < %(until)s AND m.{column} IS NOT NULL"""


def usage_of_groups(metric: str, *, below: bool) -> str:
    """Account, template or owner (%(kind)s), begin and length in seconds of a step, and its fullest (emptiest)
    sample; steps of several lengths where they overlap."""
    column = _FIGURES[metric][0 if below else 1]
    return f"""
SELECT a.name, g.name, g.at, g.span_seconds, g.{column}
FROM sandboxes_fleetgroup g JOIN sandboxes_account a ON a.id = g.account_id
WHERE g.account_id = ANY(%(accounts)s) AND g.kind = %(kind)s AND NOT g.rest AND g.at >= %(since)s AND g.at < %(until)s
  AND g.{column} IS NOT NULL"""


FAILED_ACTS: Final = """
SELECT a.name, greatest(t.requested_at, t.sent_at, t.answered_at, t.confirmed_at)
FROM sandboxes_action t JOIN sandboxes_account a ON a.id = t.account_id
WHERE t.account_id = ANY(%(accounts)s) AND t.state = 'failed' AND t.requested_at > %(since)s
  AND CASE %(kind)s WHEN 'came_back' THEN t.outcome = 'came_back' WHEN 'refused_starts' THEN t.rejection = 'at_capacity'
      ELSE t.outcome <> 'came_back' AND t.rejection <> 'at_capacity' END"""
