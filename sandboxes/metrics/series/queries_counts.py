"""What the record says of each minute: running, paused, started, ended and burn, from runs and sandboxes alone."""

from typing import Final

# A CTE `counts (minute, running, paused, started, ended, burn)` with a row for each minute of [%(start)s, %(end)s) of
# account %(account)s; both are whole minutes. Levels are those at the end of the minute.
#
# Every run and every life is a step up and a step down; the sums of steps up to a minute are its levels. What began
# before the range steps up in its first minute. Burn is summed as cores and GiB, and priced by the price of the
# minute, so that a new price never reprices the past.
COUNTS: Final = """
runs AS MATERIALIZED (
    SELECT e.started_at, e.ended_at, coalesce(e.cpu_count, s.cpu_count, 0) AS cores,
           coalesce(e.memory_mb, s.memory_mb, 0) / 1024.0 AS gib
    FROM sandboxes_execution e JOIN sandboxes_sandbox s ON s.id = e.sandbox_id
    WHERE s.account_id = %(account)s AND e.started_at < %(end)s AND (e.ended_at IS NULL OR e.ended_at >= %(start)s)
),
lives AS MATERIALIZED (
    SELECT created_at, ended_at FROM sandboxes_sandbox
    WHERE account_id = %(account)s AND created_at < %(end)s AND (ended_at IS NULL OR ended_at >= %(start)s)
),
steps AS MATERIALIZED (
    SELECT date_trunc('minute', greatest(started_at, %(start)s)) AS minute, 1 AS runs, cores, gib, 0 AS lives,
           0 AS started, 0 AS ended
    FROM runs
    UNION ALL
    SELECT date_trunc('minute', ended_at), -1, -cores, -gib, 0, 0, 0 FROM runs WHERE ended_at < %(end)s
    UNION ALL
    SELECT date_trunc('minute', greatest(created_at, %(start)s)), 0, 0, 0, 1, (created_at >= %(start)s)::int, 0
    FROM lives
    UNION ALL
    SELECT date_trunc('minute', ended_at), 0, 0, 0, -1, 0, 1 FROM lives WHERE ended_at < %(end)s
),
sums AS MATERIALIZED (
    SELECT minute, sum(runs) AS runs, sum(cores) AS cores, sum(gib) AS gib, sum(lives) AS lives,
           sum(started) AS started, sum(ended) AS ended
    FROM steps GROUP BY minute
),
levels AS MATERIALIZED (
    SELECT minute, coalesce(started, 0) AS started, coalesce(ended, 0) AS ended, sum(runs) OVER past AS runs,
           sum(lives) OVER past AS lives, sum(cores) OVER past AS cores, sum(gib) OVER past AS gib
    FROM generate_series(%(start)s, %(end)s - interval '1 minute', interval '1 minute') AS g (minute)
    LEFT JOIN sums USING (minute)
    WINDOW past AS (ORDER BY minute)
),
counts AS MATERIALIZED (
    SELECT minute, greatest(coalesce(runs, 0), 0) AS running,
           greatest(coalesce(lives, 0) - coalesce(runs, 0), 0) AS paused, started, ended,
           greatest(coalesce((cores * price.usd_per_vcpu_second + gib * price.usd_per_gib_second) * 3600, 0), 0)
               ::numeric(14, 6) AS burn
    FROM levels
    JOIN sandboxes_account_price_span price
        ON price.account_id = %(account)s AND price.since <= minute AND minute < price.until
)"""
