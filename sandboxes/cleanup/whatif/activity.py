"""The last sign of life of each sandbox: resumed, at work, its end moved, leased."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import connection

from sandboxes.cleanup.whatif.tally import Sign
from sandboxes.cleanup.whatif.timeline import Life

AT_WORK_PCT: Final = 2.0  # of all cores; a policy that names its own limit is held to that


def last_signs(lives: Iterable[Life], start: datetime, end: datetime, at_work_pct: float) -> dict[int, Sign]:
    """By sandbox key, the latest in [start, end); those that gave none are left out."""
    found: dict[int, Sign] = {}
    keys = []
    for life in lives:
        keys.append(life.key)
        resumed = [Sign(run.started_at, "resumed") for run in life.runs[1:]]
        leased = [Sign(lease.since, "leased") for lease in life.leases]
        if resumed or leased:
            found[life.key] = (
                max(*resumed, *leased, key=_when) if len(resumed) + len(leased) > 1 else (resumed + leased)[0]
            )
    given = {"keys": keys, "start": start, "end": end, "at_work": round(at_work_pct * 100)}
    for sql, what in ((_LAST_MOVE, "timeout_moved"), (_LAST_AT_WORK, "cpu")):
        for key, at in _rows(sql, given):
            sign = Sign(at, what)  # type: ignore[arg-type]
            found[key] = max(found.get(key, sign), sign, key=_when)
    return {key: sign for key, sign in found.items() if start <= sign.at < end}


def _when(sign: Sign) -> datetime:
    return sign.at


def _rows(sql: str, given: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        rows: list[Any] = cursor.fetchall()
    return rows


# A connect tells the end anew even where it did not move: that alone is no sign of use.
_LAST_MOVE: Final = """
    SELECT sandbox_id, max(at) FROM (
        SELECT sandbox_id, at, end_at - lag(end_at) OVER (PARTITION BY sandbox_id ORDER BY at, end_at) AS moved
        FROM sandboxes_executionend WHERE sandbox_id = ANY(%(keys)s)
    ) m WHERE at >= %(start)s AND at < %(end)s AND abs(extract(epoch FROM moved)) >= 2 GROUP BY sandbox_id
"""

# An hour's own maximum says whether its samples are worth a look: one row a sandbox is opened.
_LAST_AT_WORK: Final = """
    SELECT s.key, s.hour + max(o.after) * interval '1 second'
    FROM (
        SELECT k.key, last.hour, last.offsets, last.cpu FROM unnest(%(keys)s::bigint[]) k(key), LATERAL (
            SELECT hour, offsets, cpu FROM sandboxes_metricseries
            WHERE sandbox_id = k.key AND hour >= date_trunc('hour', %(start)s::timestamptz, 'UTC')
              AND hour < %(end)s AND cpu_max >= %(at_work)s
            ORDER BY hour DESC LIMIT 1
        ) last
    ) s, unnest(s.offsets, s.cpu) AS o(after, cpu) WHERE o.cpu >= %(at_work)s GROUP BY s.key, s.hour
"""
