"""Frames as they are written, and as one sandbox's samples are read from them and from series."""

from typing import Final

INSERT_FRAME = """
INSERT INTO sandboxes_metricframe
    (account_id, shard, shards, kept, at, clock_unix, keys, ages, fresh, cpu, mem, mem_total, disk_share,
     disk_total, compacted)
VALUES (%s, %s, %s, %s, %s, %s, %s::bigint[], %s::smallint[], %s::boolean[], %s::smallint[], %s::int[], %s::int[],
        %s::smallint[], %s::int[], false)
ON CONFLICT (account_id, at, shard, kept) DO NOTHING RETURNING id"""
FRAME_PLACES = """
SELECT id, at, shard, shards FROM sandboxes_metricframe
WHERE account_id = %s AND at > %s AND at <= %s AND (shard = %s OR shards <> %s)"""
# One statement for all that left; a sample newer than the one kept on the row, and only then. Rows are locked in the
# order in which the inbox locks them: two writers wait for each other, they never cross.
LAST_SAMPLES = """
WITH u AS MATERIALIZED (
    SELECT * FROM unnest(%s::int[], %s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[])
        AS u (key, unix, cpu, mem, mem_total, disk, disk_total)
), held AS MATERIALIZED (
    SELECT h.id FROM sandboxes_sandbox h JOIN u ON u.key = h.id
    ORDER BY h.account_id, h.sandbox_id FOR NO KEY UPDATE OF h
)
UPDATE sandboxes_sandbox s
SET cpu_pct = u.cpu / 100.0, mem_used = u.mem * 1024::bigint, mem_total = u.mem_total * 1024::bigint,
    disk_used = CASE WHEN u.disk_total > 0 THEN u.disk * 1024::bigint END,
    disk_total = CASE WHEN u.disk_total > 0 THEN u.disk_total * 1024::bigint END,
    sampled_at = to_timestamp(u.unix)
FROM u JOIN held ON held.id = u.key
WHERE s.id = u.key AND (s.sampled_at IS NULL OR s.sampled_at < to_timestamp(u.unix))"""
# The place of the key is looked up once a frame, and only in those of its own part: each is unpacked for it. OFFSET
# keeps the planner from writing the look-up out wherever the place is used, and from doing it before the part is asked.
SAMPLES_IN_FRAMES: Final = """
SELECT clock_unix - ages[place], cpu[place], mem[place], (disk_share[place] * disk_total[place]::bigint / 30000)::int
FROM (
    SELECT *, array_position(keys, %(key)s::bigint) AS place FROM (
        SELECT * FROM sandboxes_metricframe
        WHERE NOT compacted AND account_id = (SELECT account_id FROM sandboxes_sandbox WHERE id = %(key)s)
          AND shard = %(key)s %% shards OFFSET 0
    ) of_part OFFSET 0
) f
WHERE place IS NOT NULL AND fresh[place]
ORDER BY 1"""
SAMPLES_IN_SERIES: Final = """
SELECT source, date_part('epoch', hour)::bigint, step_seconds, array_send(offsets), array_send(cpu), array_send(mem),
       array_send(disk)
FROM sandboxes_metricseries WHERE sandbox_id = %(key)s AND hour = ANY(%(hours)s::timestamptz[]) ORDER BY hour"""
# Which hours have samples: of most a day's row tells, and those that are not in it yet have an index of their own.
HOURS_WITH_SAMPLES: Final = """
SELECT date_part('epoch', d.at)::bigint / 3600 + u.step, false
FROM sandboxes_serieshours d CROSS JOIN LATERAL unnest(d.steps) AS u (step)
WHERE d.sandbox_id = %(key)s AND d.at > %(start)s::timestamptz - interval '1 day' AND d.at <= %(end)s
UNION ALL
SELECT date_part('epoch', hour)::bigint / 3600, true FROM sandboxes_metricseries
WHERE sandbox_id = %(key)s AND NOT rolled AND hour > %(start)s::timestamptz - interval '1 hour' AND hour <= %(end)s"""
COARSE_ROWS: Final = """
SELECT date_part('epoch', at)::bigint, array_send(steps), {columns} FROM {table}
WHERE sandbox_id = %(key)s AND at > %(start)s AND at <= %(end)s ORDER BY at"""
LOCK_FRAMES: Final = "SELECT pg_advisory_xact_lock(%s, %s)"
