"""Samples over a span for rules on idleness, and reasons of verdicts by the hundred."""

# Series hold what has been compacted, frames the last minutes; a sample found in both counts once. The largest gap
# includes both edges of the window.
CPU_WINDOWS = """
    WITH samples AS (
        SELECT s.sandbox_id AS key, s.hour + o.after * interval '1 second' AS at, o.cpu
        FROM sandboxes_metricseries s, unnest(s.offsets, s.cpu) AS o(after, cpu)
        WHERE s.sandbox_id = ANY(%(keys)s) AND s.source = 'poll'
          AND s.hour >= date_trunc('hour', %(since)s::timestamptz)
        UNION
        SELECT k.key, date_trunc('second', f.at - k.age * interval '1 second'), k.cpu
        FROM sandboxes_metricframe f, unnest(f.keys, f.ages, f.cpu) AS k(key, age, cpu)
        WHERE f.account_id = %(account)s AND f.at >= greatest(%(since)s, %(now)s - interval '10 minutes')
          AND k.age >= 0 AND k.key = ANY(%(keys)s)
    ), within AS (
        SELECT key, at, cpu, at - lag(at, 1, %(since)s::timestamptz) OVER (PARTITION BY key ORDER BY at) AS gap
        FROM samples WHERE at BETWEEN %(since)s AND %(now)s
    )
    SELECT key, count(*), max(cpu) / 100.0,
           extract(epoch FROM greatest(max(gap), %(now)s::timestamptz - max(at)))
    FROM within GROUP BY key
"""
REWRITE_REASONS = """
    UPDATE sandboxes_verdict v SET reasons = n.told::jsonb
    FROM unnest(%(keys)s::bigint[], %(told)s::text[]) AS n(key, told) WHERE v.id = n.key
"""
