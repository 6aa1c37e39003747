"""Minutes, tens and hours of the biggest templates and owners."""

from typing import Final

from sandboxes.metrics.series.queries_histograms import COLUMNS, added, figures

KINDS: Final = {
    "template": "s.template_shown",
    "owner": "coalesce(s.owner, '')",
}
BY: Final = "at, rest, name"
DELETE_GROUPS: Final = """
DELETE FROM sandboxes_fleetgroup
WHERE account_id = %(account)s AND kind = %(kind)s AND span_seconds = %(span)s AND at >= %(start)s AND at < %(end)s"""
# `ours (at, name)`: the biggest of `sizes (at, name, size)`; ties go by name, so that the same samples always give the
# same groups.
OURS: Final = """
places AS MATERIALIZED (
    SELECT at, name, row_number() OVER (PARTITION BY at ORDER BY size DESC, name) AS place FROM sizes
),
ours AS MATERIALIZED (SELECT at, name FROM places WHERE place <= %(biggest)s)"""
NAMED: Final = "o.name IS NULL AS rest, coalesce(o.name, '') AS name"
INSERT_GROUPS: Final = f"""
INSERT INTO sandboxes_fleetgroup (account_id, span_seconds, at, kind, name, rest, sandboxes, {COLUMNS})
SELECT %(account)s, %(span)s, at, %(kind)s, name, rest, heads.number, {COLUMNS}
FROM figures JOIN heads USING ({BY})"""


def minutes_by(name: str) -> str:
    """From frames: every fresh sample of a sandbox that is still on record."""
    return f"""
WITH frames AS MATERIALIZED (
    SELECT * FROM sandboxes_metricframe WHERE account_id = %(account)s AND at >= %(start)s AND at < %(end)s
),
names AS MATERIALIZED (
    SELECT s.id AS key, {name} AS name FROM sandboxes_sandbox s
    WHERE s.id = ANY (ARRAY(SELECT DISTINCT unnest(keys) FROM frames)::int[])
),
samples AS MATERIALIZED (
    SELECT date_trunc('minute', f.at) AS at, names.name, u.key, u.cpu / 100.0::float8 AS cpu,
           CASE WHEN u.mem_total > 0 THEN least(100.0::float8 * u.mem / u.mem_total, 100) END AS mem,
           CASE WHEN u.disk_total > 0 THEN u.disk_share / 300.0::float8 END AS disk
    FROM frames f
    CROSS JOIN LATERAL unnest(f.keys, f.ages, f.fresh, f.cpu, f.mem, f.mem_total, f.disk_share, f.disk_total)
        AS u (key, age, fresh, cpu, mem, mem_total, disk_share, disk_total)
    JOIN names ON names.key = u.key
    WHERE u.age >= 0 AND u.fresh
),
present AS MATERIALIZED (SELECT DISTINCT at, name, key FROM samples),
sizes AS MATERIALIZED (SELECT at, name, count(*) AS size FROM present GROUP BY at, name),
{OURS},
heads AS MATERIALIZED (
    SELECT s.at, {NAMED}, sum(s.size) AS number FROM sizes s LEFT JOIN ours o USING (at, name) GROUP BY 1, 2, 3
),
readings AS MATERIALIZED (
    SELECT s.at, {NAMED}, s.cpu, s.mem, s.disk FROM samples s LEFT JOIN ours o USING (at, name)
),
{figures(BY)}
{INSERT_GROUPS}"""


# From minutes: a group's hour (or ten minutes) holds the minutes in which it was among the biggest.
STEPS: Final = f"""
WITH minutes AS MATERIALIZED (
    SELECT date_bin(%(span)s * interval '1 second', at, 'epoch') AS at, at AS minute, rest, name, sandboxes, {COLUMNS}
    FROM sandboxes_fleetgroup
    WHERE account_id = %(account)s AND kind = %(kind)s AND span_seconds = 60 AND at >= %(start)s AND at < %(end)s
),
sizes AS MATERIALIZED (SELECT at, name, sum(samples) AS size FROM minutes WHERE NOT rest GROUP BY at, name),
{OURS},
parts AS MATERIALIZED (
    SELECT m.at, {NAMED}, m.minute, m.sandboxes, {COLUMNS}
    FROM minutes m LEFT JOIN ours o ON o.at = m.at AND o.name = m.name AND NOT m.rest
),
heads AS MATERIALIZED (
    SELECT {BY}, max(number) AS number
    FROM (SELECT {BY}, minute, sum(sandboxes) AS number FROM parts GROUP BY {BY}, minute) by_minute GROUP BY {BY}
),
{added(BY)}
{INSERT_GROUPS}"""
