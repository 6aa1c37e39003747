"""Who has been idle, in SQL: every sample of a window below a limit, and no gap in it that could hide a busy moment."""

from typing import Final

# As the rule `idle_for_seconds` of a policy judges it, for a whole account at once. Times are Unix seconds on the
# backend's clock, CPU is in hundredths of a percent.
# - Samples not yet compacted stand in frames, all others in one row a sandbox and hour: none stands in both.
# - Whoever was busy in an hour that lies in the window is left out by that row's maximum, its samples unread.
# - Of each row only its own part of the window counts: how many samples, the first, the last, the largest gap. The gaps
#   between the parts and to both edges of the window are added afterwards.
IDLE: Final = """
WITH able AS MATERIALIZED (
    SELECT s.id AS key FROM sandboxes_sandbox s
    WHERE s.account_id = %(account)s AND s.state = 'running' AND s.started_at <= to_timestamp(%(since)s)
      AND NOT EXISTS (
          SELECT FROM sandboxes_metricseries m
          WHERE m.sandbox_id = s.id AND m.source = 'poll' AND m.hour >= to_timestamp(%(since)s)
            AND m.cpu_max >= %(below)s)
),
fresh AS MATERIALIZED (
    SELECT u.key, f.clock_unix - u.age AS at, u.cpu
    FROM sandboxes_metricframe f CROSS JOIN LATERAL unnest(f.keys, f.ages, f.fresh, f.cpu) AS u (key, age, fresh, cpu)
    WHERE NOT f.compacted AND f.account_id = %(account)s AND u.fresh AND u.age >= 0
      AND f.clock_unix - u.age BETWEEN %(since)s AND %(until)s
),
quiet AS MATERIALIZED (
    SELECT key FROM able WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.key = able.key AND fresh.cpu >= %(below)s)
),
parts AS (
    SELECT q.key, part.samples, part.first, part.last, part.top, part.gap
    FROM quiet q JOIN sandboxes_metricseries m ON m.sandbox_id = q.key
    CROSS JOIN LATERAL (
        SELECT count(*) AS samples, min(at) AS first, max(at) AS last, max(cpu) AS top,
               max(following - at) FILTER (WHERE following <= %(until)s) AS gap
        FROM (
            SELECT date_part('epoch', m.hour)::bigint + u.after AS at,
                   date_part('epoch', m.hour)::bigint + u.following AS following, u.cpu
            FROM unnest(m.offsets, m.offsets[2:], m.cpu) AS u (after, following, cpu)
        ) held WHERE at BETWEEN %(since)s AND %(until)s
    ) part
    WHERE m.source = 'poll' AND m.hour > to_timestamp(%(since)s) - interval '1 hour'
      AND m.hour <= to_timestamp(%(until)s) AND part.samples > 0
    UNION ALL
    SELECT key, count(*), min(at), max(at), max(cpu), max(gap)
    FROM (
        SELECT key, at, cpu, at - lag(at) OVER (PARTITION BY key ORDER BY at) AS gap FROM fresh JOIN quiet USING (key)
    ) held GROUP BY key
),
joined AS (
    SELECT *, first - lag(last, 1, NULL) OVER (PARTITION BY key ORDER BY first) AS before FROM parts
)
SELECT key FROM joined GROUP BY key
HAVING sum(samples) >= 2 AND max(top) < %(below)s
   AND greatest(max(gap), max(before), min(first) - %(since)s, %(until)s - max(last)) <= %(gap)s"""
