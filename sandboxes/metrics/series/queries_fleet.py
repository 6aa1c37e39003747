"""The fleet's minutes from frames and the record, and its ten minutes and hours from those."""

from typing import Final

from sandboxes.metrics.series.queries_counts import COUNTS
from sandboxes.metrics.series.queries_histograms import COLUMNS, added, figures

ROOM_TO_SORT: Final = "SET LOCAL work_mem = '64MB'"  # else samples are sorted in files
FRAMES: Final = """sandboxes_metricframe f
    WHERE f.account_id = %(account)s AND f.at >= %(start)s AND f.at < %(end)s"""
# What a sample is in percent of its own limits; nothing without one.
SHARES: Final = """u.cpu / 100.0::float8 AS cpu,
           CASE WHEN u.mem_total > 0 THEN least(100.0::float8 * u.mem / u.mem_total, 100) END AS mem,
           CASE WHEN u.disk_total > 0 THEN u.disk_share / 300.0::float8 END AS disk"""
# Each fresh sample once. A frame without any still tells of its minute: one row of nulls, which no figure counts.
EVERY_SAMPLE: Final = f"""
readings AS MATERIALIZED (
    SELECT date_trunc('minute', f.at) AS minute, u.key, {SHARES}
    FROM (SELECT f.* FROM {FRAMES}) f
    LEFT JOIN LATERAL (
        SELECT u.* FROM unnest(f.keys, f.ages, f.fresh, f.cpu, f.mem, f.mem_total, f.disk_share, f.disk_total)
            AS u (key, age, fresh, cpu, mem, mem_total, disk_share, disk_total)
        WHERE u.age >= 0 AND u.fresh
    ) u ON true
)"""
# Each sandbox once a minute, from the minute's last frame: enough for a line's newest end, and twelve times quicker.
LAST_SAMPLES: Final = f"""
readings AS MATERIALIZED (
    SELECT date_trunc('minute', f.at) AS minute, {SHARES}
    FROM (
        SELECT DISTINCT ON (date_trunc('minute', f.at), f.shard) f.* FROM {FRAMES}
        ORDER BY date_trunc('minute', f.at), f.shard, f.at DESC
    ) f
    LEFT JOIN LATERAL unnest(f.ages, f.cpu, f.mem, f.mem_total, f.disk_share, f.disk_total)
        AS u (age, cpu, mem, mem_total, disk_share, disk_total) ON u.age BETWEEN 0 AND 60
)"""
ROLL_UP: Final = f"""
WITH {COUNTS}, {EVERY_SAMPLE}, {figures()}
INSERT INTO sandboxes_fleetminute (account_id, minute, source, running, paused, started, ended, burn_usd_per_hour,
                                   {COLUMNS})
SELECT %(account)s, minute, 'poll', running, paused, started, ended, burn, {COLUMNS}
FROM counts JOIN figures USING (minute)
ON CONFLICT (account_id, minute) DO UPDATE SET
    (source, running, paused, started, ended, burn_usd_per_hour, {COLUMNS}) = (
        EXCLUDED.source, EXCLUDED.running, EXCLUDED.paused, EXCLUDED.started, EXCLUDED.ended,
        EXCLUDED.burn_usd_per_hour, {", ".join(f"EXCLUDED.{name}" for name in COLUMNS.split(", "))})"""
COUNT_AGAIN: Final = f"""
WITH {COUNTS}
UPDATE sandboxes_fleetminute held SET
    running = c.running, paused = c.paused, started = c.started, ended = c.ended, burn_usd_per_hour = c.burn
FROM counts c
WHERE held.account_id = %(account)s AND held.minute = c.minute
  AND (held.running, held.paused, held.started, held.ended, held.burn_usd_per_hour) IS DISTINCT FROM
      (c.running, c.paused, c.started, c.ended, c.burn)"""
NOT_ROLLED_UP: Final = f"""
WITH {COUNTS}, {LAST_SAMPLES}, {figures()}
SELECT minute, running, paused, started, ended, burn, samples, array_send(cpu_hist), array_send(mem_hist)
FROM counts JOIN figures USING (minute) ORDER BY minute"""
# Minutes that no frame tells of: counts alone, and counted again while the record of the past still grows.
COUNT_PAST: Final = f"""
WITH {COUNTS}, empty AS (SELECT array_agg(0) AS hist FROM generate_series(0, 100))
INSERT INTO sandboxes_fleetminute AS held (account_id, minute, source, running, paused, started, ended,
    burn_usd_per_hour, samples, cpu_sum, mem_sum, disk_samples, disk_sum, cpu_hist, mem_hist)
SELECT %(account)s, minute, 'backfill', running, paused, started, ended, burn, 0, 0, 0, 0, 0, empty.hist, empty.hist
FROM counts, empty
WHERE NOT EXISTS (
    SELECT FROM sandboxes_metricframe
    WHERE account_id = %(account)s AND at >= minute AND at < minute + interval '1 minute'
)
ON CONFLICT (account_id, minute) DO UPDATE SET
    running = EXCLUDED.running, paused = EXCLUDED.paused, started = EXCLUDED.started, ended = EXCLUDED.ended,
    burn_usd_per_hour = EXCLUDED.burn_usd_per_hour
WHERE held.source = 'backfill'
  AND (held.running, held.paused, held.started, held.ended, held.burn_usd_per_hour) IS DISTINCT FROM
      (EXCLUDED.running, EXCLUDED.paused, EXCLUDED.started, EXCLUDED.ended, EXCLUDED.burn_usd_per_hour)"""
LEVELS: Final = (
    "minutes, running_sum, running_min, running_max, paused_sum, paused_min, paused_max, burn_sum, burn_min, burn_max, "
    "started, ended"
)


def roll_up_steps(table: str, time: str, step: str) -> str:
    return f"""
WITH parts AS MATERIALIZED (
    SELECT *, date_bin('{step}', minute, 'epoch') AS {time} FROM sandboxes_fleetminute
    WHERE account_id = %(account)s AND minute >= %(start)s AND minute < %(end)s
),
levels AS MATERIALIZED (
    SELECT {time}, count(*) AS minutes, sum(running) AS running_sum, min(running) AS running_min,
           max(running) AS running_max, sum(paused) AS paused_sum, min(paused) AS paused_min,
           max(paused) AS paused_max, sum(burn_usd_per_hour) AS burn_sum, min(burn_usd_per_hour) AS burn_min,
           max(burn_usd_per_hour) AS burn_max, sum(started) AS started, sum(ended) AS ended
    FROM parts GROUP BY {time}
),
{added(time)}
INSERT INTO {table} (account_id, {time}, {LEVELS}, {COLUMNS})
SELECT %(account)s, {time}, {LEVELS}, {COLUMNS} FROM levels JOIN figures USING ({time})
ON CONFLICT (account_id, {time}) DO UPDATE SET
    ({LEVELS}, {COLUMNS}) = ({", ".join(f"EXCLUDED.{name}" for name in f"{LEVELS}, {COLUMNS}".split(", "))})"""


ROLL_UPS: Final = (
    roll_up_steps("sandboxes_fleetten", "at", "10 minutes"),
    roll_up_steps("sandboxes_fleethour", "hour", "1 hour"),
)
