"""Who was there at a moment, in which state and at what price: the SQL that every look into the past shares."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sandboxes.fleet.figures.frames import FrameColumns, latest_columns

# A day back there is a frame each tick, a week back one a minute: an older one does not answer for this moment.
NEAR: Final = timedelta(seconds=90)

# Alive at %(at)s: created by then and not ended by then; running when one of its runs covers it, else paused. The run
# that it is in now needs no look at its runs.
_IN_THIS_RUN: Final = "(s.state = 'running' AND s.started_at <= %(at)s)"
_ALIVE: Final = f"""
    SELECT s.*, CASE WHEN {_IN_THIS_RUN} THEN coalesce(s.cpu_count, 0) ELSE run.cores END AS cores,
           CASE WHEN {_IN_THIS_RUN} THEN coalesce(s.memory_mb, 0) ELSE run.memory END AS memory
    FROM sandboxes_sandbox s
    LEFT JOIN LATERAL (
        SELECT coalesce(e.cpu_count, s.cpu_count, 0) AS cores, coalesce(e.memory_mb, s.memory_mb, 0) AS memory
        FROM sandboxes_execution e
        WHERE NOT {_IN_THIS_RUN} AND e.sandbox_id = s.id AND e.started_at <= %(at)s
          AND (e.ended_at IS NULL OR e.ended_at > %(at)s)
        LIMIT 1
    ) run ON true
    WHERE s.account_id = ANY(%(accounts)s) AND s.created_at <= %(at)s"""
# A page of them, by their key.
ALIVE: Final = f"WITH alive AS ({_ALIVE} AND (s.ended_at IS NULL OR s.ended_at > %(at)s))"
# All of them: two walks along the index of ends, where one with OR would look at every sandbox that ever was.
ALL_ALIVE: Final = f"WITH alive AS ({_ALIVE} AND s.ended_at IS NULL UNION ALL {_ALIVE} AND s.ended_at > %(at)s)"
PRICE: Final = """price AS (
    SELECT usd_per_vcpu_second AS per_core, usd_per_gib_second AS per_gib FROM sandboxes_price_span
    WHERE since <= %(at)s AND %(at)s < until
)"""
STATE: Final = "CASE WHEN a.cores IS NULL THEN 'paused' ELSE 'running' END"
BURN: Final = "coalesce((a.cores * p.per_core + a.memory / 1024.0 * p.per_gib) * 3600, 0)::numeric(14, 6)"
HELD: Final = """EXISTS (SELECT FROM sandboxes_orphan_span o
               WHERE o.sandbox_id = a.id AND o.since <= %(at)s AND (o.until IS NULL OR o.until > %(at)s))"""


def columns_near(accounts: Collection[int], t: datetime) -> list[FrameColumns]:
    """The frames that answer for `t`: the newest of each account and shard at or before it, none too old."""
    return [frame for frame in latest_columns(accounts, t) if t - frame.at <= NEAR]
