"""Frames become series, series become minutes and hours of a sandbox, and a back-fill joins them."""

from typing import Final

from sandboxes.metrics.series.queries_histograms import ADDED, figures
from sandboxes.metrics.series.queries_samples import MERGE

# The oldest frames not yet in series: their fresh samples go in, and they are marked, in one statement.
COMPACT: Final = (
    """
WITH todo AS (
    UPDATE sandboxes_metricframe SET compacted = true
    WHERE id IN (
        SELECT id FROM sandboxes_metricframe WHERE NOT compacted AND at < %(before)s ORDER BY at LIMIT %(limit)s
    )
    RETURNING clock_unix, keys, ages, fresh, cpu, mem, disk_share, disk_total
),
samples AS (
    SELECT u.key, todo.clock_unix - u.age AS unix, u.cpu, u.mem,
           (u.disk_share * u.disk_total::bigint / 30000)::int AS disk
    FROM todo
    CROSS JOIN LATERAL unnest(keys, ages, fresh, cpu, mem, disk_share, disk_total)
        AS u (key, age, fresh, cpu, mem, disk_share, disk_total)
    WHERE u.age >= 0 AND u.fresh
),"""
    + MERGE
)
FIGURES: Final = tuple(f"{what}_{which}" for what in ("cpu", "mem", "disk") for which in ("min", "mean", "max"))
# The rows of the oldest hours that are not rolled as they stand, all rows of such an hour, locked: what is merged into
# them meanwhile waits, and takes their mark away again.
DUE: Final = """
WITH due AS MATERIALIZED (
    SELECT DISTINCT sandbox_id, hour FROM (
        SELECT sandbox_id, hour FROM sandboxes_metricseries
        WHERE NOT rolled AND hour <= %(closed)s ORDER BY hour LIMIT %(limit)s
    ) oldest
)
SELECT s.id, s.hour FROM sandboxes_metricseries s JOIN due USING (sandbox_id, hour) FOR UPDATE OF s"""
AGGREGATES: Final = """
           min(cpu) AS cpu_min, round(avg(cpu))::smallint AS cpu_mean, max(cpu) AS cpu_max,
           min(mem) AS mem_min, round(avg(mem))::int AS mem_mean, max(mem) AS mem_max,
           min(disk) AS disk_min, round(avg(disk))::int AS disk_mean, max(disk) AS disk_max"""
ARRAYS: Final = ", ".join(f"array_agg({name} ORDER BY step)" for name in ("step", "samples", *FIGURES))
NAMES: Final = ", ".join(("steps", "samples", *FIGURES))
ENTRIES: Final = ", ".join(("step", "samples", *FIGURES))
# Our own samples go before a back-fill's: of a minute that has any of them, only they count.
POINTS: Final = """
rows AS MATERIALIZED (
    SELECT * FROM sandboxes_metricseries WHERE id = ANY(%(ids)s) AND hour >= %(first)s AND hour <= %(last)s
),
every AS MATERIALIZED (
    SELECT r.sandbox_id AS key, r.hour, u.after / 60 AS minute, r.source = 'poll' AS ours, u.cpu, u.mem, u.disk
    FROM rows r CROSS JOIN LATERAL unnest(r.offsets, r.cpu, r.mem, r.disk) AS u (after, cpu, mem, disk)
),
points AS MATERIALIZED (
    SELECT key, hour, minute, cpu, mem, disk
    FROM (SELECT *, bool_or(ours) OVER (PARTITION BY key, hour, minute) AS has_ours FROM every) e
    WHERE ours OR NOT has_ours
)"""
TO_MINUTES: Final = f"""
WITH {POINTS},
entries AS MATERIALIZED (
    SELECT key, hour, minute::smallint AS step, count(*)::smallint AS samples, {AGGREGATES}
    FROM points GROUP BY key, hour, minute
)
INSERT INTO sandboxes_seriesminutes (sandbox_id, at, {NAMES})
SELECT key, hour, {ARRAYS} FROM entries GROUP BY key, hour
ON CONFLICT (sandbox_id, at) DO UPDATE SET
    ({NAMES}) = ({", ".join(f"EXCLUDED.{name}" for name in ("steps", "samples", *FIGURES))})"""
# A day's row has its hours replaced one by one.
TO_HOURS: Final = f"""
WITH {POINTS},
entries AS MATERIALIZED (
    SELECT key, date_trunc('day', hour, 'UTC') AS day, extract(hour FROM hour AT TIME ZONE 'UTC')::smallint AS step,
           count(*)::smallint AS samples, {AGGREGATES}
    FROM points GROUP BY key, hour
)
INSERT INTO sandboxes_serieshours AS held (sandbox_id, at, {NAMES})
SELECT key, day, {ARRAYS} FROM entries GROUP BY key, day
ON CONFLICT (sandbox_id, at) DO UPDATE SET ({NAMES}) = (
    SELECT {ARRAYS} FROM (
        SELECT * FROM unnest(held.steps, {", ".join(f"held.{name}" for name in ("samples", *FIGURES))})
            AS h ({ENTRIES}) WHERE NOT h.step = ANY(EXCLUDED.steps)
        UNION ALL
        SELECT * FROM unnest(EXCLUDED.steps, {", ".join(f"EXCLUDED.{name}" for name in ("samples", *FIGURES))})
    ) AS both_ ({ENTRIES})
)"""
MARK_ROLLED: Final = """
UPDATE sandboxes_metricseries SET rolled = true
WHERE id = ANY(%(ids)s) AND hour >= %(first)s AND hour <= %(last)s"""
BACKFILLED: Final = """
WITH samples AS MATERIALIZED (
    SELECT * FROM unnest(%(keys)s::int[], %(unix)s::bigint[], %(cpu)s::smallint[], %(mem)s::int[],
                         %(mem_total)s::int[], %(disk)s::int[], %(disk_total)s::int[])
        AS u (key, unix, cpu, mem, mem_total, disk, disk_total)
),"""
BACKFILL_SERIES: Final = BACKFILLED + MERGE
# Each sandbox counts once a minute by its mean, whatever step it was read in: these minutes are an estimate from the
# sandboxes read so far. Histograms add up entry by entry.
BACKFILL_MINUTES: Final = f"""{BACKFILLED}
readings AS MATERIALIZED (
    SELECT to_timestamp(unix / 60 * 60) AS minute, avg(cpu) / 100.0 AS cpu,
           avg(CASE WHEN mem_total > 0 THEN least(100.0 * mem / mem_total, 100) END) AS mem,
           avg(CASE WHEN disk_total > 0 THEN least(100.0 * disk / disk_total, 100) END) AS disk
    FROM samples GROUP BY key, 1
), {figures()}
UPDATE sandboxes_fleetminute held SET
    samples = held.samples + f.samples, cpu_sum = held.cpu_sum + f.cpu_sum, mem_sum = held.mem_sum + f.mem_sum,
    cpu_min = least(held.cpu_min, f.cpu_min), cpu_max = greatest(held.cpu_max, f.cpu_max),
    mem_min = least(held.mem_min, f.mem_min), mem_max = greatest(held.mem_max, f.mem_max),
    disk_samples = held.disk_samples + f.disk_samples, disk_sum = held.disk_sum + f.disk_sum,
    disk_min = least(held.disk_min, f.disk_min), disk_max = greatest(held.disk_max, f.disk_max),
    cpu_hist = {ADDED.format("held.cpu_hist", "f.cpu_hist")}, mem_hist = {ADDED.format("held.mem_hist", "f.mem_hist")}
FROM figures f
WHERE held.account_id = %(account)s AND held.minute = f.minute AND held.source = 'backfill'"""
TRY_TO_LOCK: Final = "SELECT pg_try_advisory_lock(%s)"
UNLOCK: Final = "SELECT pg_advisory_unlock(%s)"
